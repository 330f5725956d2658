"""`zava-mcp load`: a company's files get into the tables as they are, or not at all; isolation stays complete."""

import os
import threading
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest
from openpyxl import Workbook
from typer.testing import CliRunner

from tests.admin.bad_files import BAD, ORDERS
from tests.admin.bakery import STORES, write_bakery
from tests.conftest import ADMIN
from tests.polling import until
from zava_mcp.admin.load.files import LoadOptions, load_files
from zava_mcp.admin.load.plans import Choices
from zava_mcp.admin.load.sources import open_source
from zava_mcp.cli.commands import app
from zava_mcp.errors import InputError, ZavaError
from zava_mcp.settings import load as settings_from

_COPIES = (
    "SELECT customer_id, email, first_name, primary_store_id, visible_in FROM zava.customers_by_store"
    " WHERE visible_in IS NOT NULL ORDER BY 1, 5"
)
_COUNTS = (
    "SELECT (SELECT count(*) FROM retail.products), (SELECT count(*) FROM retail.customers), (SELECT count(*) FROM"
    " retail.orders), (SELECT count(*) FROM retail.order_items), (SELECT sum(total_amount) FROM retail.order_items)"
)
Load = Callable[..., str]


@pytest.fixture(scope="module")
def url(server: str) -> Iterator[str]:
    """A database without the sample, which the tests of this module share."""
    postgres = ADMIN.format(database="postgres", host=server)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE bakery")
        url = ADMIN.format(database="bakery", host=server)
        CliRunner().invoke(app, ["init", "--no-sample", "--admin-database-url", url], catch_exceptions=False)
        yield url
        connection.execute("DROP DATABASE bakery WITH (FORCE)")
        for (role,) in connection.execute(
            "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^(pg_|postgres)'"
        ).fetchall():
            connection.execute(f"DROP ROLE {role}".encode())


@pytest.fixture
def admin(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def load(url: str) -> Load:
    """`load(file, …)` returns what the command prints."""

    def run(*arguments: object) -> str:
        command = ["load", *map(str, arguments), "--admin-database-url", url]
        return CliRunner().invoke(app, command, catch_exceptions=False).stdout

    return run


@pytest.fixture(scope="module")
def bakery(url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bakery's files, loaded."""
    folder = tmp_path_factory.mktemp("bakery")
    write_bakery(folder)
    command = ["load", *map(str, sorted(folder.glob("*.csv"), reverse=True)), "--admin-database-url", url]
    output = CliRunner().invoke(app, command, catch_exceptions=False).stdout
    assert "positionen.csv -> order_items: 6,000 added, 0 changed, 0 unchanged" in output, output
    return folder


def test_german_files_are_loaded_in_the_order_of_their_references(bakery: Path, admin: psycopg.Connection) -> None:
    stores, products = (
        admin.execute(query.encode()).fetchall()
        for query in (
            "SELECT store_name FROM retail.stores ORDER BY store_id",
            "SELECT sku, product_name, category_name, type_name, cost, base_price, gross_margin_percent,"
            " product_description FROM retail.products JOIN retail.categories USING (category_id)"
            " JOIN retail.product_types USING (type_id) ORDER BY product_id LIMIT 1",
        )
    )
    assert [name for (name,) in stores] == list(STORES)
    assert [str(value) for value in products[0]] == [
        "BR-0000",
        "Brötchen 0",
        "Brot",
        "Brot",
        "0.30",
        "1.20",
        "75.00",
        'Mit "Körnern"; lecker',
    ]
    counts = admin.execute(_COUNTS.encode()).fetchone()
    assert counts is not None
    assert counts[:4] == (40, 61, 2000, 6000)
    row = admin.execute(
        "SELECT order_date::text, store_id, email FROM retail.orders JOIN retail.customers USING (customer_id)"
        " WHERE order_id = 32"
    ).fetchone()
    assert row == ("2024-02-01", 2, "kunde31@example.de")


def test_second_load_changes_nothing_and_says_so(bakery: Path, load: Load, admin: psycopg.Connection) -> None:
    before = admin.execute(_COUNTS.encode()).fetchone()
    files = sorted(bakery.glob("*.csv"))
    assert load(*files).count("so it was skipped") == 6
    again = load(*files, "--again")
    assert "nothing changed" in again
    assert "order_items: 0 added, 0 changed, 6,000 unchanged" in again
    assert admin.execute(_COUNTS.encode()).fetchone() == before


def test_copies_of_customers_are_those_that_the_triggers_make(bakery: Path, admin: psycopg.Connection) -> None:
    _assert_copies_are_right(admin)
    off = "SELECT tgname FROM pg_trigger WHERE tgname IN ('order_changed', 'customer_changed') AND tgenabled <> 'A'"
    assert admin.execute(off.encode()).fetchall() == []


def _assert_copies_are_right(admin: psycopg.Connection) -> None:
    copies = admin.execute(_COPIES.encode()).fetchall()
    assert len(copies) > 61
    with admin.transaction(force_rollback=True):
        admin.execute("SELECT zava.place_customers(NULL)")
        assert admin.execute(_COPIES.encode()).fetchall() == copies


def test_partitions_that_were_refilled_are_those_of_a_new_store(bakery: Path, admin: psycopg.Connection) -> None:
    layout = """
        SELECT p.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner), c.relacl IS NULL,
               (SELECT count(*) FROM pg_index WHERE indrelid = c.oid AND indisvalid),
               (SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid AND convalidated),
               (SELECT array_agg(tgname::text ORDER BY 1) FROM pg_trigger
                 WHERE tgrelid = c.oid AND NOT tgisinternal AND tgenabled <> 'D')
          FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid JOIN pg_class p ON p.oid = inhparent
         WHERE c.relname ~ format('(orders|items)_%%s$', %s::text) ORDER BY 1"""
    row = admin.execute("INSERT INTO retail.stores (store_name) VALUES ('Plain') RETURNING store_id").fetchone()
    assert row is not None
    new = admin.execute(layout.encode(), row).fetchall()
    assert len(new) == 2
    assert new == admin.execute(layout.encode(), [1]).fetchall()


def test_changed_rows_are_updated_and_empty_cells_left_alone(
    bakery: Path, load: Load, admin: psycopg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "products.tsv"
    file.write_text("sku\tprice\tname\tpicture\nBR-0001\t9.99\t\tx\n", encoding="utf-8")
    output = load(file)
    assert "products: 0 added, 1 changed, 0 unchanged" in output
    assert "ignored: picture" in output
    row = admin.execute(
        "SELECT base_price::text, product_name, gross_margin_percent::text FROM retail.products WHERE sku = 'BR-0001'"
    ).fetchone()
    assert row == ("9.99", "Brötchen 1", "96.90")


def test_rows_with_an_order_and_an_item_are_both(
    bakery: Path, load: Load, admin: psycopg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "sales.jsonl"
    row = (
        '{{"order number":"R-1","customer":"kunde1@example.de","store":"Mitte","date":"2025-03-0{day}",'
        '"sku":"BR-000{sku}","qty":2,"price":1.5,"note":"\\u001b[2J=1+1"}}\n'
    )
    file.write_text(row.format(day=1, sku=1) + row.format(day=1, sku=2), encoding="utf-8")
    output = load(file)
    assert "orders: 1 added" in output
    assert "order_items: 2 added" in output
    kept = (
        "SELECT count(*), sum(total_amount)::text FROM zava.order_numbers JOIN retail.order_items USING (order_id)"
        " WHERE order_number = 'R-1'"
    )
    assert admin.execute(kept.encode()).fetchone() == (2, "6.00")
    file.write_text(row.format(day=1, sku=1) + row.format(day=2, sku=3), encoding="utf-8")
    with pytest.raises(
        InputError, match=r"line 2, order_number: the order R-1 has another customer, store or date in line 1"
    ):
        load(file)
    assert admin.execute(kept.encode()).fetchone() == (2, "6.00")


@pytest.mark.parametrize(("name", "content", "reason"), BAD, ids=[reason[:40] for *_, reason in BAD])
def test_bad_file_is_refused_with_lines_and_reasons(
    bakery: Path, load: Load, admin: psycopg.Connection, tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    before = admin.execute(_COUNTS.encode()).fetchone()
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(ZavaError, match=f"(?s){reason}") as caught:
        load(file)
    assert caught.value.hint
    assert admin.execute(_COUNTS.encode()).fetchone() == before


def test_directory_is_refused(bakery: Path, load: Load) -> None:
    with pytest.raises(InputError, match="is a directory"):
        load(bakery)


def test_rejected_rows_are_in_a_file_and_the_others_loaded_on_request(
    bakery: Path, load: Load, admin: psycopg.Connection, tmp_path: Path
) -> None:
    file, rejects = tmp_path / "bestand.csv", tmp_path / "bad.csv"
    file.write_text(
        'filiale;sku;bestand;note\nMitte;BR-0000;77;ok\nMitte;BR-0001;many;"two\nlines"\nNowhere;BR-0002;5;=1\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="2 of 3 rows cannot be loaded"):
        load(file, "--rejects", rejects)
    assert rejects.read_text() == (
        "line;column;reason;filiale;sku;bestand;note\n"
        "3;bestand;'many' is not a number;Mitte;BR-0001;many;\"two\nlines\"\n"
        "5;filiale;no store is named 'Nowhere';Nowhere;BR-0002;5;=1\n"
    )
    stock = (
        "SELECT stock_level FROM retail.inventory JOIN retail.products USING (product_id)"
        " WHERE sku = 'BR-0000' AND store_id = 1"
    )
    assert admin.execute(stock.encode()).fetchone() != (77,)
    output = load(file, "--skip-rejected", "--rejects", rejects)
    assert "bestand.csv: 2 rows rejected" in output
    assert admin.execute(stock.encode()).fetchone() == (77,)
    with pytest.raises(InputError, match="it is the file that is loaded"):
        load(file, "--rejects", file)


#: Encodings of files, and how the file of rejected rows begins.
ENCODINGS = (("utf-8", b"line"), ("utf-8-sig", b"\xef\xbb\xbfline"), ("cp1252", b"line"), ("utf-16", b"\xff\xfel\0"))


@pytest.mark.parametrize(("encoding", "begin"), ENCODINGS)
def test_rejects_are_written_as_the_file_and_removed_after_its_correction(
    bakery: Path, load: Load, tmp_path: Path, encoding: str, begin: bytes
) -> None:
    file, rejects, second = (tmp_path / f"bestand{end}.csv" for end in ("", ".rejects", ".rejects-2"))
    wrong = "filiale;sku;bestand;hinweis\nMitte;BR-0000;viele;für Jürgen\n"
    file.write_text(wrong, encoding=encoding)
    with pytest.raises(InputError, match="1 of 1 row cannot be loaded"):
        load(file)
    content = rejects.read_bytes()
    assert content.startswith(begin)
    assert "für Jürgen" in content.decode(encoding)
    with pytest.raises(InputError) as caught:
        load(rejects)
    assert "bestand.rejects-2.csv" in caught.value.hint
    assert second.read_bytes() == content
    file.write_text(wrong.replace("viele", "5"), encoding=encoding)
    assert "bestand.rejects.csv, bestand.rejects-2.csv" in load(file, rejects, second, "--dry-run")
    assert rejects.exists()
    assert "bestand.rejects.csv: removed, because all rows of bestand.csv are loaded" in load(file, "--again")
    assert not rejects.exists()
    second.write_text(content.decode(encoding).replace("viele", "6"), encoding=encoding)
    assert "bestand.rejects-2.csv: all its rows are loaded, so it can be removed" in load(second, "--again")
    file.with_suffix(".rejects.csv").write_text("mine\n1\n")
    load(file, "--again")
    assert rejects.read_text() == "mine\n1\n"


def test_all_faults_of_files_are_reported_at_once(
    bakery: Path, load: Load, admin: psycopg.Connection, tmp_path: Path
) -> None:
    before = admin.execute(_COUNTS.encode()).fetchone()
    texts = {
        "products.csv": "sku,name,category,cost,price\nNEW-9,Torte,Kuchen,3.00,viel\n",
        "bestand.csv": "filiale,sku,bestand\nMitte,BR-0000,5\n",
        "orders.csv": f"{ORDERS}9301,kunde2@example.de,Nowhere,2025-04-05\n",
        "things.csv": "a,b\n1,2\n",
        "kunden.csv": "Vorname,Kontakt\nAda,a@x.de\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    files = [tmp_path / name for name in texts]
    with pytest.raises(InputError) as caught:
        load(*files)
    assert "2 of 5 files cannot be loaded" in caught.value.message
    assert "--map Kontakt=email; or the table: --table. Columns without a field: Kontakt" in caught.value.message
    with pytest.raises(InputError) as caught:
        load(*files, "--dry-run")
    assert "4 of 5 files cannot be loaded" in caught.value.message
    assert all(part in caught.value.message for part in ("things.csv", "kunden.csv", "'viel'", "'Nowhere'"))
    assert "Nothing was written" in caught.value.hint
    with pytest.raises(InputError) as caught:
        load(*files[:3])
    assert "Not tried: bestand.csv, orders.csv." in caught.value.hint
    assert admin.execute(_COUNTS.encode()).fetchone() == before


def test_headers_with_small_words_are_known_and_others_explained(
    bakery: Path, load: Load, admin: psycopg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / "kunden.csv"
    file.write_text("E-Mail;Vorname;Nachname;Angelegt am;Kd-Nr\nneu@x.de;Ada;Berg;01.02.2024;7\n", encoding="utf-8")
    output = load(file, "--dry-run")
    assert "Angelegt am -> created_at" in output
    assert '--map "Kd-Nr"=FIELD loads a column; fields without a column: phone, store' in output
    file = tmp_path / "artikel.csv"
    file.write_text("SKU;Preis in EUR;Einkaufspreis (EUR)\nBR-0001;9,99;1,00\n", encoding="utf-8")
    output = load(file, "--dry-run")
    assert "Preis in EUR -> base_price" in output
    assert "Einkaufspreis (EUR) -> cost" in output


def test_rejects_replace_a_file_and_follow_no_link(bakery: Path, load: Load, tmp_path: Path) -> None:
    file, rejects, victim = (tmp_path / name for name in ("stock.csv", "stock.rejects.csv", "victim"))
    file.write_text("filiale;sku;bestand\nMitte;BR-0000;many\n", encoding="utf-8")
    for content in ("mine", ""):
        victim.write_text("mine", encoding="utf-8")
        rejects.symlink_to(victim) if content else rejects.hardlink_to(victim)
        with pytest.raises(InputError, match="a link, folder, pipe" if content else "1 of 1 row "):
            load(file)
        assert victim.read_text(encoding="utf-8") == "mine"
        assert rejects.is_symlink() == bool(content)
        assert content or rejects.stat().st_mode & 0o777 == 0o600
        rejects.unlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stock.csv", "victim"]
    with pytest.raises(InputError, match="a link, folder, pipe or device"):
        load(file, "--rejects", "/dev/null")


#: What an administrator adds, after which rows are not put into a new partition.
REFERENCES = (
    "CREATE TABLE public.n (o integer, s integer, FOREIGN KEY (o, s) REFERENCES retail.orders)",
    "CREATE TABLE public.n (o integer, s integer, FOREIGN KEY (o, s) REFERENCES retail.order_items)",
    "INSERT INTO zava.exposed_tables (relation, kind, columns, parent) VALUES ('retail.stores', 'through', '{}', '{}')",
)


def test_partition_that_tables_of_administrators_refer_to_is_not_replaced(
    bakery: Path, admin: psycopg.Connection
) -> None:
    call = "SELECT zava.refill_partition(%s, %s, 'retail.stores', 'no_column', 1000000)"
    for relation in ("retail.orders", "retail.order_items"):
        for reference in ("", *(text for text in REFERENCES if "REFERENCES" not in text or f"{relation})" in text)):
            with admin.transaction(force_rollback=True):
                row = admin.execute("INSERT INTO retail.stores (store_name) VALUES ('N') RETURNING store_id").fetchone()
                assert row is not None
                admin.execute(reference.replace("'{}')", f"'{relation}')").encode() or b"SELECT")
                if reference:
                    assert admin.execute(call.encode(), [relation, row[0]]).fetchone() == (False,), reference
                else:
                    with pytest.raises(psycopg.errors.UndefinedColumn), admin.transaction():
                        admin.execute(call.encode(), [relation, row[0]])


def test_store_without_identity_is_named_in_the_list_of_identities(bakery: Path, url: str) -> None:
    shown = CliRunner().invoke(app, ["identities", "--admin-database-url", url], catch_exceptions=False)
    assert "only identities of all stores see Bäckerei Sonne Mitte, " in shown.stderr
    assert "zava-mcp identities add NAME --store STORE" in shown.stderr


def test_constraint_that_runs_sql_keeps_files_out(
    bakery: Path, load: Load, admin: psycopg.Connection, tmp_path: Path
) -> None:
    (tmp_path / "categories.csv").write_text("category\nOther\n", encoding="utf-8")
    admin.execute(
        "ALTER TABLE retail.categories ADD CONSTRAINT runs CHECK (set_config('zava.x', '', true) IS NOT NULL)"
    )
    try:
        with pytest.raises(ZavaError, match=r"retail\.categories calls set_config\(text,text,boolean\)"):
            load(tmp_path / "categories.csv")
    finally:
        admin.execute("ALTER TABLE retail.categories DROP CONSTRAINT runs")


def test_dry_run_writes_nothing(bakery: Path, load: Load, admin: psycopg.Connection, tmp_path: Path) -> None:
    before = admin.execute(_COUNTS.encode()).fetchone()
    new, file = tmp_path / "products.csv", tmp_path / "positionen.csv"
    new.write_text("sku,name,category,cost,price\nNEW-1,Torte,Kuchen,3.00,9.00\n", encoding="utf-8-sig")
    file.write_text("order_number|sku|quantity|unit_price\n1|NEW-1|1|9.00\n", encoding="utf-16")
    output = load(file, new, "--dry-run")
    assert "order_items: 1 added" in output
    assert "dry run: everything was undone" in output
    assert "utf-16, separator vertical bar, decimal point" in output
    assert admin.execute(_COUNTS.encode()).fetchone() == before


def test_load_waits_for_a_writer_and_no_copy_is_stale(
    bakery: Path, url: str, admin: psycopg.Connection, tmp_path: Path
) -> None:
    """A session that changes a customer and has not committed: the load waits, and the stores' copies are right."""
    file = tmp_path / "orders.csv"
    file.write_text(
        f"{ORDERS}9101,kunde7@example.de,Mitte,2025-01-01\n9102,kunde7@example.de,Berg,2025-01-01\n", encoding="utf-8"
    )
    with psycopg.connect(url) as other:
        other.execute("UPDATE retail.customers SET first_name = 'Neu' WHERE email = 'kunde7@example.de'")
        settings, shown = settings_from({"ZAVA_ADMIN_DATABASE_URL": url}, {}), list[str]()
        arguments = (settings, [file], LoadOptions(Choices()), shown.append, lambda *_: None)
        running = threading.Thread(target=load_files, args=arguments)
        running.start()
        waits = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'zava.customers'::regclass"
        until(lambda: admin.execute(waits.encode()).rowcount == 1)
        other.commit()
    running.join()
    names = "SELECT DISTINCT first_name FROM zava.customers_by_store WHERE email = 'kunde7@example.de'"
    assert admin.execute(names.encode()).fetchall() == [("Neu",)]
    _assert_copies_are_right(admin)


def test_workbook_is_read_as_its_cells_are(bakery: Path, load: Load, admin: psycopg.Connection, tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["order_number", "customer", "store", "order_date"],
        [9201, "kunde2@example.de", "Mitte", date(2025, 4, 5)],
    ):
        sheet.append(row)
    book.save(tmp_path / "orders.xlsx")
    assert "orders: 1 added" in load(tmp_path / "orders.xlsx")
    assert admin.execute("SELECT order_date::text FROM retail.orders WHERE order_id = 9201").fetchone() == (
        "2025-04-05",
    )


_SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
_DOCTYPE = "<!-- a --><!DOCTYPE x [<!ENTITY e 'xxxxxxxxxx'>]>"
_CELL = '<c t="inlineStr"><is><t>{}</t></is></c>'


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (f'<row r="300000000">{_CELL.format("x")}</row>', "beyond row 1,048,576"),
        (f'<row r="1">{_CELL.format("sku")}<c r="ZZZ1"><v>1</v></c></row>', "column 2,000"),
        (f'<row r="x">{_CELL.format("x")}</row>', "is not an Excel workbook"),
        (f"<row>{_CELL.format('x' * 1_100_000)}</row>", "a cell has more than 1,048,576 characters"),
        ("random", r"sheet1\.xml: a cell has more than"),
        (f"<row>{_CELL.format('x' * 30_000_000)}</row>", r"is compressed by a factor of [\d,]+; the limit is 200"),
        ("huge", "unpacks to 1,200 MB, the limit is 1,000 MB"),
        ("texts", "xl/sharedstrings.xml is larger than 200 MB"),
        ("utf-16", "sheet1.xml has a document type"),
        (f"{_CELL.format('&e;')}", "sheet1.xml has a document type"),
    ],
)
def test_workbook_that_unpacks_to_too_much_is_refused(tmp_path: Path, rows: str, reason: str) -> None:
    file = tmp_path / "products.xlsx"
    Workbook().save(file)
    with zipfile.ZipFile(file) as made:
        parts = {name: made.read(name) for name in made.namelist()}
    sheet = "xl/worksheets/sheet1.xml"
    parts[sheet] = _SHEET.format("x" * 5_000_000 if rows == "random" else rows).encode()
    if rows == "utf-16" or "&e;" in rows:
        parts[sheet] = (_DOCTYPE + _SHEET.format(rows)).encode("utf-16" if rows == "utf-16" else "utf-8")
    if rows == "texts":
        parts["xl/sharedStrings.xml"] = parts.pop("xl/sharedStrings.xml", b"<sst/>")
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED if rows == "random" else zipfile.ZIP_DEFLATED) as changed:
        for name, content in parts.items():
            changed.writestr(name, content)
    if rows in ("huge", "texts"):  # the directory of the archive states the sizes
        archive = bytearray(file.read_bytes())
        entry = archive.rindex(b"PK\x01\x02")
        sizes = (900_000_000, 1_200_000_000) if rows == "huge" else (210_000_000, 210_000_000)
        archive[entry + 20 : entry + 28] = b"".join(size.to_bytes(4, "little") for size in sizes)
        file.write_bytes(archive)
    with pytest.raises(InputError, match=reason) as caught:
        list(open_source(file).chunks())
    assert caught.value.hint


def test_cells_of_a_row_that_ends_early_are_empty(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["a", "b", "c"], [1], [], [None, 2]):
        sheet.append(row)
    book.save(tmp_path / "x.xlsx")
    assert list(open_source(tmp_path / "x.xlsx").chunks()) == [([2, 4], [["1", "", ""], ["", "2", ""]])]


def test_templates_can_be_filled_in(load: Load, tmp_path: Path) -> None:
    output = load("--template", tmp_path / "new")
    assert output.count("\n") == 9
    assert (tmp_path / "new" / "orders.csv").read_text() == "order_number,customer,store,order_date\n"
    assert "order_date (required): date; day of the order" in (tmp_path / "new" / "columns.txt").read_text()


def test_template_follows_no_link(load: Load, tmp_path: Path) -> None:
    for name in ("columns.txt", "orders.csv"):
        folder, victim = tmp_path / f"links_{name}", tmp_path / f"victim_{name}"
        folder.mkdir()
        (folder / name).symlink_to(victim)
        with pytest.raises(InputError, match="cannot be written"):
            load("--template", folder)
        assert not victim.exists()


def test_file_whose_name_is_not_utf_8_is_loaded(
    bakery: Path, load: Load, admin: psycopg.Connection, tmp_path: Path
) -> None:
    file = tmp_path / os.fsdecode(b"categories\xff.csv")
    file.write_text("category\nUnencoded\n", encoding="utf-8")
    load(file)
    names = "SELECT file_name FROM zava.loaded_files WHERE file_name LIKE 'categories%'"
    assert admin.execute(names.encode()).fetchall() == [("categories\ufffd.csv",)]
