SELECT 'Zava Retail Seattle', 52257, 10343285.86
