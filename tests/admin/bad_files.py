"""Files that `zava-mcp load` refuses, and a pattern of the reason. The bakery of bakery.py is loaded."""

ITEMS = "Bestellnummer;Artikelnummer;Menge;Einzelpreis;Rabatt;Gesamtpreis\n"
ORDERS = "order_number,customer,store,order_date\n"
#: name of the file, its bytes, what the refusal says
BAD = [
    ("things.csv", b"a,b,c\n1,2,3\n", r"no table has these columns: a, b, c"),
    ("orders.csv", b"order_number,store\n1,Mitte\n", r"no column for customer, order_date of orders"),
    ("products.csv", b"sku,name\n1,Br\xc3\xb6t\n2,Br\xf6t\n", r"mixes encodings: line 2 is UTF-8, line 3 is cp1252"),
    (
        "products.csv",
        b"sku,product_name,category,cost,price\nA,a,x,1,2\nA,b,x,1,2\n",
        r"line 3, sku: repeats A of line 2",
    ),
    ("kunden.csv", b"email,vorname,nachname\na@x.de,A,B\nA@X.de,A,B\n", r"line 3, email: repeats A@X\.de of line 2"),
    (
        "orders.csv",
        f"{ORDERS}9001,kunde1@example.de,Atlantis,2024-01-01\n".encode(),
        r"line 2, store: no store is named 'Atlantis'",
    ),
    (
        "orders.csv",
        f"{ORDERS}9001,nobody@x.de,Mitte,2024-01-01\n".encode(),
        r"line 2, customer: no customer has the email",
    ),
    (
        "orders.csv",
        f"{ORDERS}9001,kunde1@example.de,Mitte,2024-01-31\n9002,kunde1@example.de,Mitte,31.01.2024\n".encode(),
        r"dates in two ways: '2024-01-31' \(line 2\) and '31\.01\.2024' \(line 3\)",
    ),
    (
        "orders.csv",
        f"{ORDERS}9001,kunde1@example.de,Mitte,13/02/2024\n9002,kunde1@example.de,Mitte,02/13/2024\n".encode(),
        r"dates in two ways: .*\(line 2\) and .*\(line 3\)",
    ),
    (
        "orders.csv",
        f"{ORDERS}9001,kunde1@example.de,Mitte,03/02/2024\n".encode(),
        r"days and months cannot be distinguished: '03/02/2024' \(line 2\)",
    ),
    (
        "orders.csv",
        f"{ORDERS}1,kunde0@example.de,Kreuzberg,2024-01-01\n".encode(),
        r"line 2, store: the order 1 is in the store \d+ already",
    ),
    ("positionen.csv", f"{ITEMS}1;BR-0000;-1;1,20;;\n".encode(), r"line 2, quantity: -1 is not above zero"),
    ("positionen.csv", f"{ITEMS}1;BR-0000;1,5;1,20;;\n".encode(), r"line 2, quantity: '1,5' is not a whole number"),
    (
        "positionen.csv",
        f"{ITEMS}1;BR-0000;2;1,20;;2,50\n".encode(),
        r"line 2, total_amount: 2\.50 is not 2 \* 1\.20 - 0 = 2\.40",
    ),
    (
        "positionen.csv",
        f"{ITEMS}1;BR-0000;2;1,20;101;\n".encode(),
        r"line 2, discount_percent: 101 is not from 0 to 100",
    ),
    (
        "positionen.csv",
        f"{ITEMS}77777;NO-1;2;1,20;;\n".encode(),
        r"line 2, order_number, sku: no order has the number 77777; .* first; no product has the sku 'NO-1'",
    ),
    (
        "positionen.csv",
        f"{ITEMS}1;BR-0005;2;1,20;;\n1;BR-0005;2;1,20;;\n".encode(),
        r"line 3, sku: repeats the sku BR-0005 in the order 1 of line 2; a column item_number",
    ),
    (
        "positionen.csv",
        f"{ITEMS}1;BR-0000;2;1,20;;\n1;BR-0001;2;1.25;;\n".encode(),
        r"numbers in two ways: '1,20' \(line 2\) and '1\.25' \(line 3\)",
    ),
    (
        "positionen.csv",
        f"{ITEMS}1;BR-0000;2;1,201;;\n".encode(),
        r"a number can be read with thousands separators or with decimals: '1,201' \(line 2\)",
    ),
    ("positionen.csv", f"{ITEMS}1;BR-0000;2\n".encode(), r"line 2: has 3 cells, the header has 6"),
    ("positionen.csv", f"{ITEMS}1;BR-0000;2;1,20;;;;7\n".encode(), r"line 2: has 8 cells, the header has 6"),
    ("positionen.csv", b"", r"is empty"),
    ("positionen.csv", b"\n\n", r"has no header"),
    ("positionen.csv", ITEMS.encode(), r"has a header and no rows"),
    ("products.csv", b"sku,name\nA,\x00\n", r"line 2 has a NUL byte"),
    ("products.csv", bytes(range(256)) * 9, r"is not a text file"),
    ("products.csv", b'sku,name\nA,"open\nB,b\n', r"line \d: unexpected end of data"),
    ("products.csv", b"sku,name\nA," + b"x" * 1_100_000 + b"\n", r"line 2: field larger than field limit"),
    (
        "products.csv",
        ",".join(f"c{n}" for n in range(100)).encode() + b"\n" + b"," * 99,
        r"no column for sku of products; the file has: c0, .* and 92 more",
    ),
    ("products.csv", b"sku,preis,vk\nA,1,2\n", r"the columns 'preis' and 'vk' are both base_price"),
    (
        "products.csv",
        b"sku,name,category,cost,price\nA,a,x,1.999,2\n",
        r"a number can be read with thousands separators or with decimals: '1\.999'",
    ),
    (
        "products.csv",
        b"sku,name,category,cost,price\nA,a,x,0.9999,2\n",
        r"line 2, cost: '0\.9999' has more than two decimals",
    ),
    ("products.csv", b"sku,name,category,cost,price\nA,a,,1,2\n", r"line 2, category: a new product needs a category"),
    ("products.csv", b"sku,name,category,cost,price\nA,a,x,-1,2\n", r"line 2, cost: -1 is below zero"),
    (
        "products.csv",
        b'sku,name,category,cost,price\n"A\nB",a,x,1,2\nC,c,x,z,2\n',
        r"line 4, cost: 'z' is not a number",
    ),
    ("bestand.csv", b"filiale;sku;bestand\nMitte;BR-0000;-4\n", r"line 2, stock_level: -4 is below zero"),
    ("customers.json", b'{"email": "x@y.de"\n', r"line 1: not JSON"),
    ("customers.json", b"[1]\n", r"line 1: not an object"),
    ("customers.jsonl", b'{"email": "\\ud800"}\n', r"line 1 contains an unpaired surrogate"),
    (
        "customers.jsonl",
        b'{"email": "a@x.de", "phone": "' + b"1" * 1_100_000 + b'"}\n',
        r"line 1: a cell has more than",
    ),
    ("customers.jsonl", b'{"email": "' + b"x" * 5_000_000 + b'"}\n', r"a line of more than 4,194,304 bytes"),
    (
        "products.csv",
        b"sku,name\nA" + (b',"' + b"x" * 1_000_000 + b'\n"') * 70 + b"a\n",
        r"rows of more than 67,108,864 characters",
    ),
    ("bestand.csv", "filiale;sku;bestand\nMitte;BR-0000;٤\n".encode(), r"line 2, stock_level: '٤' is not a number"),
    (
        "orders.csv",
        f"{ORDERS}9001,kunde1@example.de,Mitte,2024-01-01\n9002,kunde1@example.de,Mitte,٢٠٢٤-٠١-٠١\n".encode(),
        r"line 3, order_date: '٢٠٢٤-٠١-٠١' is not a date",
    ),
    ("products.xlsx", b"PK\x03\x04nothing", r"is not an Excel workbook"),
]
