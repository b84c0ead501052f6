-- The orders that rows of the sample's dispatch_state wait for in quarantine: one for each instruction, of some case.
-- Run it in the target after a migration of case-states, then `carryover replay case-states`.
INSERT INTO public.orders (id, instruction_id, case_id, order_number)
SELECT md5('missing order ' || w.instruction)::uuid, w.instruction, c.id, 'M-' || w.instruction
FROM (
  SELECT instruction, row_number() OVER (ORDER BY instruction) AS n
  FROM (SELECT DISTINCT (source_row ->> 'instruction_id')::bigint AS instruction
        FROM carryover.quarantine
        WHERE migration = 'case-states' AND state = 'open' AND reason = 'case_unmapped'
          AND source_row ->> 'instruction_id' ~ '^[0-9]{1,18}$') q
) w
JOIN (SELECT id, row_number() OVER (ORDER BY case_number) AS n, count(*) OVER () AS cases FROM public.cases) c
  ON c.n = (w.n - 1) % c.cases + 1
WHERE NOT EXISTS (SELECT FROM public.orders o WHERE o.instruction_id = w.instruction);
