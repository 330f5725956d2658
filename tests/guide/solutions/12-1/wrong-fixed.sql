SELECT 'the same'
