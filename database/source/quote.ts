/** Quotes an identifier for MySQL and MariaDB. */
export const quoteMy = (name: string): string => '`' + name.replaceAll('`', '``') + '`';
