/**
 * The legacy database's tables, bare: their primary keys only, so that rows load in key order and the secondary
 * indexes are built in one go. No foreign keys: the clinic's old application never had them.
 */

const OPTIONS = 'ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci';

const TABLES: Record<string, string> = {
  dispatch_state: `
    id INT UNSIGNED NOT NULL AUTO_INCREMENT,
    instruction_id INT UNSIGNED NOT NULL,
    status SMALLINT NOT NULL,
    \`on\` TINYINT(1) NOT NULL,
    actor_id INT UNSIGNED NULL,
    reason VARCHAR(255) NULL,
    notes TEXT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id)`,
  message: `
    thread_id INT UNSIGNED NOT NULL,
    position SMALLINT UNSIGNED NOT NULL,
    order_number VARCHAR(24) NULL,
    sender_id INT UNSIGNED NOT NULL,
    subject VARCHAR(255) NOT NULL,
    body MEDIUMTEXT NULL,
    fee DECIMAL(12,2) NULL,
    due_on DATE NULL,
    sent_at DATETIME(3) NOT NULL,
    read_at DATETIME NULL,
    PRIMARY KEY (thread_id, position)`,
  instruction: `
    id INT UNSIGNED NOT NULL AUTO_INCREMENT,
    patient_id INT UNSIGNED NOT NULL,
    product VARCHAR(40) NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id)`,
  user: `
    id INT UNSIGNED NOT NULL AUTO_INCREMENT,
    name VARCHAR(120) NOT NULL,
    is_active TINYINT(1) NOT NULL,
    PRIMARY KEY (id)`,
  patient: `
    id INT UNSIGNED NOT NULL AUTO_INCREMENT,
    name VARCHAR(120) NOT NULL,
    born_on DATE NULL,
    PRIMARY KEY (id)`,
  shipment: `
    id INT UNSIGNED NOT NULL AUTO_INCREMENT,
    order_number VARCHAR(24) NOT NULL,
    carrier VARCHAR(40) NOT NULL,
    shipped_on DATE NULL,
    PRIMARY KEY (id)`,
  payment: `
    id INT UNSIGNED NOT NULL AUTO_INCREMENT,
    order_number VARCHAR(24) NOT NULL,
    amount DECIMAL(10,2) NOT NULL,
    paid_on DATE NULL,
    PRIMARY KEY (id)`,
};

/** Names of the tables that the sample makes in the source. */
export const SOURCE_TABLES = Object.keys(TABLES);

/** The statement that makes a table of the source. */
export function createSourceTable(name: string): string {
  return `CREATE TABLE \`${name}\` (${TABLES[name]!}\n) ${OPTIONS}`;
}

/** Statements for what is built after loading. */
export const SOURCE_INDEXES = [
  'ALTER TABLE dispatch_state ADD KEY dispatch_state_instruction (instruction_id)',
  'ALTER TABLE message ADD KEY message_order (order_number)',
];
