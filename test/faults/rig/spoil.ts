/** Another writer, who changes a row of the target after its batch was compared: only a run's verification can find it. */
import type { Lane } from './lane';

/** When the run plans its verification; not noted as a write of the run's. */
export const spoil = (lane: Lane): Promise<unknown> =>
  lane.onTarget(`
CREATE FUNCTION rig.spoil() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SET LOCAL session_replication_role = replica;
  UPDATE case_states SET notes = 'spoiled' WHERE legacy_id = (SELECT min(legacy_id) FROM case_states);
  SET LOCAL session_replication_role = origin;
  RETURN NULL;
END $$;
CREATE TRIGGER spoil AFTER UPDATE ON carryover.runs FOR EACH ROW
  WHEN (OLD.verification_id IS NULL AND NEW.verification_id IS NOT NULL) EXECUTE FUNCTION rig.spoil()`);
