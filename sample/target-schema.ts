/** The new database as the earlier migrations left it: lookups filled, two tables still empty. */

/** The lookups, bare: keys and indexes come when their rows are there. */
export const LOOKUP_TABLES: Record<string, string> = {
  profiles: `
CREATE TABLE public.profiles (
  id             uuid NOT NULL,
  legacy_user_id bigint NOT NULL,
  full_name      text NOT NULL
)`,
  cases: `
CREATE TABLE public.cases (
  id          uuid NOT NULL,
  case_number integer NOT NULL,
  opened_on   date NOT NULL
)`,
  orders: `
CREATE TABLE public.orders (
  id             uuid NOT NULL,
  instruction_id bigint NOT NULL,
  case_id        uuid NOT NULL,
  order_number   text NOT NULL
)`,
};

/** Keys and indexes by lookup table. No legacy id is unique by constraint: what is ambiguous must be able to exist. */
export const LOOKUP_INDEXES: Record<string, string> = {
  profiles: `
ALTER TABLE public.profiles ADD PRIMARY KEY (id);
CREATE INDEX profiles_legacy_user ON public.profiles (legacy_user_id);`,
  cases: `
ALTER TABLE public.cases ADD PRIMARY KEY (id);`,
  orders: `
CREATE INDEX orders_instruction ON public.orders (instruction_id);
CREATE INDEX orders_number ON public.orders (order_number);
ALTER TABLE public.orders ADD PRIMARY KEY (id);`,
};

/** What needs the lookups' keys: the foreign key between them, and the tables that are still to be migrated. */
export const EMPTY_TABLES = `
ALTER TABLE public.orders ADD FOREIGN KEY (case_id) REFERENCES public.cases;

CREATE TYPE public.case_state_type AS ENUM
  ('intake', 'treatment_planned', 'treatment_active', 'treatment_paused', 'case_closed');

CREATE TABLE public.case_states (
  id                  uuid PRIMARY KEY,
  case_id             uuid NOT NULL REFERENCES public.cases,
  state               public.case_state_type NOT NULL,
  actor_id            uuid REFERENCES public.profiles,
  is_system_generated boolean NOT NULL DEFAULT false,
  reason              varchar(120),
  notes               text,
  changed_at          timestamptz NOT NULL,
  metadata            jsonb NOT NULL,
  legacy_id           bigint NOT NULL UNIQUE
);
CREATE INDEX case_states_course ON public.case_states (case_id, changed_at);
CREATE INDEX case_states_actor ON public.case_states (actor_id) WHERE actor_id IS NOT NULL;

CREATE TABLE public.messages (
  id               uuid PRIMARY KEY,
  legacy_thread_id bigint NOT NULL,
  legacy_position  integer NOT NULL,
  order_id         uuid REFERENCES public.orders,
  sender_id        uuid NOT NULL REFERENCES public.profiles,
  subject          varchar(200) NOT NULL,
  body             text,
  fee              numeric(12, 2),
  due_on           date CONSTRAINT messages_due_this_century CHECK (due_on < DATE '2100-01-01'),
  sent_at          timestamptz NOT NULL,
  read_at          timestamptz,
  lineage          jsonb NOT NULL,
  UNIQUE (legacy_thread_id, legacy_position)
);
CREATE INDEX messages_order ON public.messages (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX messages_sent ON public.messages (sent_at);`;

/** Everything of a sample before, and what Carryover kept of it. */
export const DROP_TARGET = `
DROP SCHEMA IF EXISTS carryover_stage CASCADE;
DROP SCHEMA IF EXISTS carryover CASCADE;
DROP TABLE IF EXISTS public.messages, public.case_states, public.orders, public.cases, public.profiles;
DROP TYPE IF EXISTS public.case_state_type;`;
