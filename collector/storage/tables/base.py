from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData()
# SQLite numbers rows by itself only in a column of exactly this type
RowId = BigInteger().with_variant(Integer, "sqlite")
