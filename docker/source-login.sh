#!/bin/sh
# Run by the image when the source is first created: the login with which Carryover reads, and which can do nothing else.
set -eu
MYSQL_PWD="$MARIADB_ROOT_PASSWORD" mariadb --user=root <<SQL
CREATE USER 'carryover_reader'@'%' IDENTIFIED BY '$SOURCE_READER_PASSWORD';
GRANT SELECT ON \`$MARIADB_DATABASE\`.* TO 'carryover_reader'@'%';
SQL
