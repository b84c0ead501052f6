/*
 * The life of one batch: attempts that overlap, processes that die, answers that get lost, and the fences by which it
 * takes effect once. README.md beside this file says how code and model correspond; `npm run model` checks it.
 *
 * The batch has two rows: one fit, which belongs in the target, and one unfit, which belongs in quarantine. Each stands
 * for all rows of its kind.
 */

#ifndef FAULTS
#define FAULTS 2 /* deaths, time-outs, differences and take-overs, in all */
#endif
#ifndef VERBS
#define VERBS 2 /* retryBatch and skipBatch, in all */
#endif

mtype:state = { planned, running, loaded, validated, parked, skipped }
mtype:step = { extract, transform, load, validate, park, rest }
mtype:reply = { none, done, doneBefore, failed, stageLost, superseded }

/* Every change of state is one of these. */
#define LEGAL(from, to) ( \
  (from == planned && to == running) || \
  (from == planned && to == parked) || \
  (from == running && to == loaded) || \
  (from == running && to == parked) || \
  (from == loaded && to == validated) || \
  (from == loaded && to == parked) || \
  (from == parked && to == running) || \
  (from == parked && to == skipped) || \
  (from == skipped && to == parked))

/* ---- The target: the batch's ledger line and its lock, the rows, the stage. What is committed at once is `atomic`. */
mtype:state state = planned;
byte token, extractToken; /* drawn by the newest attempt; by the extract whose stage counts */
byte source = 2, inserted, unchanged, quarantined, excluded, pending = 2;
byte epoch = 1;
byte rowLock, backend; /* the slot, from 1, that holds the row; whose session the newest attempt recorded */
byte inTarget, inQuarantine;
typedef Stage {
  byte token; /* 0: there is no such table */
  byte rows, unfit
}
Stage stage[2]; /* as written by the extract of each slot */

/* ---- The workers: a slot for the attempt that Temporal waits for, and one for an older attempt that still lives. */
typedef Task {
  mtype:step step = rest; /* rest: the slot is free */
  byte epoch, stage;      /* what the activity was given */
  byte token              /* what the attempt drew */
}
Task task[2];
bool session[2], killed[2];

/* ---- Temporal: the slot, from 1, whose answer it waits for; the last answer; the stage that extract answered with. */
byte asked, staged;
mtype:reply reply = none;

byte faults = FAULTS;

/* For the assertions only: the stage that was loaded last, and the load that a validation has compared. */
byte lastLoaded, compared[2];

#define IS_DONE (state == loaded || state == validated)
#define HELD_BACK (state == parked || state == skipped)
#define AT_REST (state == validated || HELD_BACK)

#define CLOSES (source == inserted + unchanged + quarantined + excluded + pending)
#define WRITTEN_ONCE (inTarget <= 1 && inQuarantine <= 1)
#define HAS_ALL_ROWS (!IS_DONE || (inTarget == 1 && inQuarantine == 1 && pending == 0))

/* Once nothing dies any more, the batch comes to rest. */
ltl ends { <>[] AT_REST }

/* Looks at the database in every state that another session can see. */
active proctype Reader() {
end:
  atomic {
    !(CLOSES && WRITTEN_ONCE && HAS_ALL_ROWS) ->
    assert(CLOSES);
    assert(WRITTEN_ONCE);
    assert(HAS_ALL_ROWS)
  }
}

/* ---- The fences, and the mutants that lack one each. */
#ifdef NO_FENCE
#define NEWEST true
#else
#define NEWEST (token == task[me].token)
#endif
#ifdef NO_LOCK
#define TAKE_LOCK true
#else
#define TAKE_LOCK rowLock == 0 -> rowLock = me + 1
#endif
#ifdef ANSWER_LOST
#define LOADED_ALREADY false
#else
#define LOADED_ALREADY IS_DONE
#endif
#ifdef STAGE_EMPTIED
#define OUTCOMES_CLOSE true
#define UNCHANGED (source - new - unfit)
#else
#define OUTCOMES_CLOSE (fit + unfit == source)
#define UNCHANGED (fit - new)
#endif

inline become(next) {
  assert(LEGAL(state, next));
  state = next
}

inline release(slot) {
  if :: rowLock == slot + 1 -> rowLock = 0 :: else fi
}

/* Ends a transaction that wrote. Nobody commits who was superseded. */
inline commit() {
  assert(token == task[me].token);
  release(me);
  result = done
}

/* Ends a transaction that wrote nothing. */
inline rollback(answer) {
  release(me);
  result = answer
}

/* The server ends a session: what is open is rolled back, the lock is free, the record leads nowhere. */
inline endSession(slot) {
  session[slot] = false;
  release(slot);
  if :: backend == slot + 1 -> backend = 0 :: else fi
}

inline emptyStage(slot) {
  stage[slot].rows = 0; stage[slot].unfit = 0
}

inline dropStage() {
  stage[0].token = 0; emptyStage(0);
  stage[1].token = 0; emptyStage(1)
}

/*
 * The sequence gives a token that nobody has. Tokens are compared for equality alone, so the smallest one that is not
 * in use will do: it keeps the states few.
 */
#define IN_USE(t) (t == token || t == extractToken || t == staged || t == lastLoaded || \
  t == stage[0].token || t == stage[1].token || t == task[0].stage || t == task[1].stage || \
  t == task[0].token || t == task[1].token || t == compared[0] || t == compared[1])

inline drawToken() {
  fresh = 1;
  do
  :: IN_USE(fresh) -> fresh++
  :: else -> break
  od;
  token = fresh;
  fresh = 0
}

/* ---- The activities. `withAttempt`: reads the line, ends the older attempt's session, draws a token. */
inline beginAttempt() {
  if
  :: task[me].epoch != epoch || HELD_BACK -> result = superseded
  :: else ->
    atomic {
      if
      :: backend == 2 - me -> endSession(1 - me)
      :: else
      fi
    };
    atomic {
      rowLock == 0 -> /* an UPDATE waits for the row */
      if
      :: HELD_BACK -> result = superseded
      :: else ->
        if :: state == planned -> become(running) :: else fi;
        drawToken();
        task[me].token = token;
        backend = me + 1
      fi
    }
  fi
}

/* `fenced`: under the row's lock it looks whether this attempt may work; if so, `result` stays none. */
inline beginFenced(doneAlready) {
  TAKE_LOCK;
  if
  :: !NEWEST || task[me].epoch != epoch || HELD_BACK -> rollback(superseded)
  :: else ->
    if
    :: doneAlready -> rollback(doneBefore)
    :: else
    fi
  fi
}

/* The stage that the task names, if it is the batch's: `found` is its slot, or 2. */
inline findStage() {
  if
  :: extractToken == task[me].stage && stage[0].token == extractToken -> found = 0
  :: extractToken == task[me].stage && stage[1].token == extractToken -> found = 1
  :: else -> found = 2
  fi
}

inline extractBatch() {
  atomic { dropStage(); stage[me].token = task[me].token; stage[me].rows = source };
  atomic {
    beginFenced(IS_DONE);
    if
    :: result == none ->
      extractToken = task[me].token;
      inserted = 0; unchanged = 0; quarantined = 0; excluded = 0; pending = source;
      commit()
    :: else
    fi
  }
}

inline transformRows() {
  atomic {
    beginFenced(LOADED_ALREADY);
    findStage();
    if
    :: result != none
    :: result == none && (found == 2 || stage[found].rows != source) -> rollback(stageLost)
    :: else -> stage[found].unfit = 1; commit()
    fi;
    found = 0
  }
}

inline loadBatch() {
  atomic { /* the first statements look, at the ledger, at the stage, and for rows that the target has already */
    beginFenced(LOADED_ALREADY);
    findStage();
    if
    :: result != none
    :: result == none && found == 2 -> rollback(stageLost)
    :: else ->
      unfit = stage[found].unfit;
      fit = stage[found].rows - unfit;
      had = (inTarget > 0)
    fi;
    found = 0
  };
  atomic { /* the last ones write and commit */
    if
    :: result != none
    :: result == none && !OUTCOMES_CLOSE -> rollback(stageLost)
    :: else ->
      new = (had -> 0 : fit);
      inTarget = inTarget + new;
      inQuarantine = inQuarantine + (had -> 0 : unfit);
      inserted = new; quarantined = unfit; unchanged = UNCHANGED; pending = 0;
      become(loaded);
      assert(lastLoaded != task[me].stage); /* a stage takes effect once */
      lastLoaded = task[me].stage;
      commit()
    fi
  }
}

inline validateBatch() {
  atomic { /* the comparison takes no lock */
    compared[me] = lastLoaded;
    if
    :: inTarget == 1 && inQuarantine == 1
    :: faults > 0 -> faults--; differs = true /* one of the two sides was changed */
    :: else -> differs = true
    fi
  };
  atomic {
    beginFenced(state == validated);
    if
    :: result != none
    :: result == none && state != loaded -> rollback(stageLost)
    :: else ->
      if
      :: differs -> become(parked)
      :: else -> assert(compared[me] == lastLoaded); become(validated) /* nothing was loaded since */
      fi;
      dropStage();
      commit()
    fi
  }
}

/* `parkBatch`: one statement without a token. What may be parked is parked, and once. */
inline parkBatch() {
  atomic {
    rowLock == 0 ->
    if
    :: task[me].epoch != epoch -> result = superseded
    :: else ->
      if :: !AT_REST -> become(parked) :: else fi;
      result = done
    fi
  }
}

/*
 * One attempt after the other. It may stop before each of its steps for as long as it likes: so does a worker that is
 * stopped. Where the worker or the session dies, what follows `unless` goes on instead.
 */
proctype Attempt(byte me) {
  byte found, fit, unfit, new, fresh;
  bool had, differs;
  mtype:reply result = none;
end:
  do
  :: atomic { task[me].step != rest -> session[me] = true };
    {
      if
      :: task[me].step == park -> parkBatch()
      :: else ->
        beginAttempt();
        if
        :: result == none && task[me].step == extract -> extractBatch()
        :: result == none && task[me].step == transform -> transformRows()
        :: result == none && task[me].step == load -> loadBatch()
        :: result == none && task[me].step == validate -> validateBatch()
        :: else
        fi
      fi
    } unless { killed[me] || !session[me] -> result = failed };
    atomic {
      endSession(me);
      if
      :: asked == me + 1 ->
        asked = 0;
        reply = result;
        if :: task[me].step == extract -> staged = task[me].token :: else fi
      :: else /* Temporal waits for it no more: the answer is lost */
      fi;
      task[me].step = rest; task[me].epoch = 0; task[me].stage = 0; task[me].token = 0;
      killed[me] = false; compared[me] = 0;
      fit = 0; unfit = 0; new = 0; had = false; differs = false; result = none
    }
  od
}

/* ---- The workflow: `runBatch`, Temporal's retries, the operator, and whoever takes the run over. */
inline goByLedger() {
  if
  :: state == loaded -> step = validate
  :: AT_REST -> step = rest
  :: else -> step = extract
  fi
}

inline takeAnswer() {
  if
  :: reply == none
  :: reply == done && step == extract -> step = transform
  :: reply == done && step == transform -> step = load
  :: reply == done && step == load -> step = validate
  :: reply == done && (step == validate || step == park) -> step = rest
  :: reply == doneBefore -> step = (step == validate -> rest : validate)
  :: reply == failed /* it is tried again */
  :: reply == failed -> step = park /* it was tried for the last time */
  :: reply == stageLost -> step = extract
  :: reply == superseded -> goByLedger()
  fi;
  reply = none
}

inline schedule(slot) {
  task[slot].step = step; task[slot].epoch = epoch; task[slot].stage = staged;
  asked = slot + 1
}

/* The operator. To retry is to begin anew at extract: a stage of before does not count any more. */
inline decide() {
  if
  :: !AT_REST -> goByLedger()
  :: AT_REST && !(state == skipped && verbs > 0) -> break /* it stays as it is */
  :: state == parked && verbs > 0 -> verbs--; become(running); extractToken = 0; step = extract
  :: state == parked && verbs > 0 -> verbs--; become(skipped); excluded = pending; pending = 0
  :: state == skipped && verbs > 0 -> verbs--; become(parked); pending = excluded; excluded = 0
  fi
}

active proctype Workflow() {
  mtype:step step = extract;
  byte verbs = VERBS;
  atomic { run Attempt(0); run Attempt(1) };
  do
  :: atomic {
      step != rest && asked == 0 && (task[0].step == rest || task[1].step == rest) ->
      takeAnswer();
      if
      :: step == rest
      :: step != rest && task[0].step == rest -> schedule(0)
      :: else -> schedule(1)
      fi
    }
  :: atomic { step == rest && rowLock == 0 -> decide() }
  /* A heartbeat time-out, of a worker that is dead, or of one that is stopped or cut off. */
  :: atomic { asked != 0 && killed[asked - 1] -> asked = 0; reply = failed }
  :: atomic { asked != 0 && faults > 0 && !killed[asked - 1] -> faults--; asked = 0; reply = failed }
  /* The workflow was terminated: another owner takes the run over. */
  :: atomic { faults > 0 -> faults--; epoch++; asked = 0; reply = none; staged = 0; goByLedger() }
  od
}

/* ---- What dies. An attempt that nobody waits for need not: it may stop for as long as all else takes. */
active proctype Fate() {
end:
  do
  :: atomic { faults > 0 && asked != 0 && !killed[asked - 1] -> faults--; killed[asked - 1] = true } /* the worker */
  :: atomic { faults > 0 && asked != 0 && session[asked - 1] -> faults--; endSession(asked - 1) } /* the connection */
  :: atomic { faults > 0 -> faults--; endSession(0); endSession(1); emptyStage(0); emptyStage(1) } /* PostgreSQL */
  od
}
