"""Lines that are no receipts, each with the reason for which it is rejected and a word of the detail."""

from __future__ import annotations

HEADER = b"InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID\r\n"
BEFORE = b"1,10001,CUP,2,2024-03-01 10:00:00,2.50,7\r\n"
AFTER = b"3,10003,POT,1,2024-03-03 10:00:00,9.00,7\r\n"
LATE = "AMOUNT_OUT_OF_RANGE"
"""The reason that is known only when the line is carried out."""

BAD = {
    "a quantity of a million digits": (b"2,10002,JUG,1e999999,2024-03-02 10:00:00,3.00,7", "UNREADABLE", "Quantity"),
    "a million digits, written out": (
        b"2,10002,JUG," + b"9" * 100_000 + b",2024-03-02 10:00:00,3.00,7",
        "UNREADABLE",
        "Quantity",
    ),
    "a quantity that is no number": (b"2,10002,JUG,NaN,2024-03-02 10:00:00,3.00,7", "UNREADABLE", "Quantity"),
    "an infinite quantity": (b"2,10002,JUG,Infinity,2024-03-02 10:00:00,3.00,7", "UNREADABLE", "Quantity"),
    "an infinite price": (b"2,10002,JUG,1,2024-03-02 10:00:00,Infinity,7", "UNREADABLE", "UnitPrice"),
    "an empty quantity": (b"2,10002,JUG,,2024-03-02 10:00:00,3.00,7", "UNREADABLE", "Quantity"),
    "a column too few": (b"2,10002,JUG,1,2024-03-02 10:00:00,3.00", "UNREADABLE", "6 columns"),
    "a column too many": (b"2,10002,JUG, BLUE,1,2024-03-02 10:00:00,3.00,7", "UNREADABLE", "8 columns"),
    "a date that does not exist": (b"2,10002,JUG,1,2024-02-30 10:00:00,3.00,7", "UNREADABLE", "InvoiceDate"),
    "a year that no zone reaches": (b"2,10002,JUG,1,9999-12-31 23:59:59,3.00,7", "UNREADABLE", "InvoiceDate"),
    "a time with an offset of its own": (
        b"2,10002,JUG,1,2024-03-02T10:00:00+05:00,3.00,7",
        "UNREADABLE",
        "InvoiceDate",
    ),
    "an hour that the clocks skipped": (b"2,10002,JUG,1,2024-03-31 01:30:00,3.00,7", "UNREADABLE", "InvoiceDate"),
    "a byte that is no UTF-8": (b"2,10002,JUG \xff,1,2024-03-02 10:00:00,3.00,7", "UNREADABLE", "UTF-8"),
    "a quote that is not closed": (b'2,10002,"JUG,1,2024-03-02 10:00:00,3.00,7', "UNREADABLE", "CSV"),
    "text after a quote": (b'2,10002,"JUG"BLUE,1,2024-03-02 10:00:00,3.00,7', "UNREADABLE", "CSV"),
    "too many items": (b"2,10002,JUG,1000001,2024-03-02 10:00:00,3.00,7", "INVALID_INPUT", "Quantity"),
    "a quantity too exact": (b"2,10002,JUG,0.0001,2024-03-02 10:00:00,3.00,7", "INVALID_INPUT", "Quantity"),
    "a price too exact": (b"2,10002,JUG,1,2024-03-02 10:00:00,3.001,7", "INVALID_INPUT", "UnitPrice"),
    "a price too high": (b"2,10002,JUG,1,2024-03-02 10:00:00,1000000001,7", "INVALID_INPUT", "UnitPrice"),
    "a total too high": (b"2,10002,JUG,1000000,2024-03-02 10:00:00,1000000000,7", "INVALID_INPUT", "too large"),
    "a NUL": (b"2,10002,JUG\x00,1,2024-03-02 10:00:00,3.00,7", "INVALID_INPUT", "Description"),
    "a description too long": (
        b"2,10002," + b"J" * 201 + b",1,2024-03-02 10:00:00,3.00,7",
        "INVALID_INPUT",
        "Description",
    ),
    "a stock code too long": (b"2," + b"1" * 201 + b",JUG,1,2024-03-02 10:00:00,3.00,7", "INVALID_INPUT", "StockCode"),
    "a receipt's number too long": (
        b"2" * 201 + b",10002,JUG,1,2024-03-02 10:00:00,3.00,7",
        "INVALID_INPUT",
        "InvoiceNo",
    ),
    "a receipt without a number": (b",10002,JUG,1,2024-03-02 10:00:00,3.00,7", "INVALID_INPUT", "InvoiceNo"),
    "a customer that could be none": (
        b"2,10002,JUG,1,2024-03-02 10:00:00,3.00," + b"7" * 201,
        "INVALID_INPUT",
        "CustomerID",
    ),
    "a return too exact": (b"C2,10001,CUP,-0.0001,2024-03-02 10:00:00,2.50,7", "INVALID_INPUT", "Quantity"),
    "a time before the terms": (b"2,10002,JUG,1,2009-03-02 10:00:00,3.00,7", "NO_TERMS_IN_FORCE", "terms"),
    "a time to come": (b"2,10002,JUG,1,2900-03-02 10:00:00,3.00,7", "CLOCK_SKEW", "time"),
    "more points than can be counted": (
        b"2,10002,JUG,1000000,2024-03-02 10:00:00,3000.00,7",
        "AMOUNT_OUT_OF_RANGE",
        "balance",
    ),
}
