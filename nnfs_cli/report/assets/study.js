themeSwitch();
links();
