/* SPDX-License-Identifier: MIT */
/* The door between a host (Asterisk, FreeSWITCH, pnpd) and the engine: plain C, no ownership crosses it. */
#ifndef PNP_HOST_H
#define PNP_HOST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PNP_HOST_VERSION 5

/* NOLINTBEGIN(readability-identifier-naming): C, for hosts that are written in it */

enum pnp_level { PNP_DEBUG, PNP_INFO, PNP_WARN, PNP_ERROR };

/* What a host's function says besides 0. */
enum { PNP_NONE = -1, PNP_UNUSABLE = -2 };

/* One extension of the host, as pnp_host.find_account fills it in. */
struct pnp_account {
	char number[64];
	char name[128];
	char user[128];     /* for authentication; empty = the number */
	char password[128]; /* never empty on success; wiped by the engine after use */
	char context[80];   /* dial plan context of calls that it makes; empty = not known */
};

/* One extension of ours, as the host should have it. No pointer is NULL. */
struct pnp_extension {
	const char *number;
	const char *name; /* may be empty */
	const char *password;
	const char *mac;       /* of the phone that has it, of the first one of several; may be empty */
	unsigned int phones;   /* how many have it and ring together; 0 = none yet */
	const char *home;      /* dial plan context where it can be called; empty = nobody calls it */
	const char *context;   /* dial plan context of calls that it makes */
	const char *codecs;    /* "g722,alaw,ulaw" */
	const char *transport; /* name of the host's transport; empty = as the host chooses */
};

/* What is dialled at a phone to make it somebody's. No pointer is NULL. */
struct pnp_codes {
	const char *claim;             /* "*77"; empty = there are no codes, and the rest counts for nothing */
	const char *release;           /* "*78" */
	const char *home;              /* dial plan context of our extensions, where both are, too */
	const char *guests;            /* that of guests: both, and these numbers: */
	const char *const *emergency;  /* NULL-terminated */
	const char *emergency_context; /* where they are dialled on */
};

/* What came of a code that was dialled. */
enum pnp_claimed { PNP_CLAIM_DONE, PNP_CLAIM_WRONG, PNP_CLAIM_LOCKED, PNP_CLAIM_REFUSED };

/* One step in the life of a phone, with the words of `show devices` and `explain`. */
struct pnp_step {
	const char *mac;
	const char *step;  /* "offered" */
	const char *state; /* "configured" */
	const char *lines; /* "201,202"; may be empty */
	const char *address;
	const char *detail;
};

/* Is told what a dial plan takes: a context, then all that stands in it, in the order in which the
 * host looks at it. No pointer is NULL, and none stays valid. */
struct pnp_dialplan_visitor {
	void *to;
	void (*context)(void *to, const char *name);
	/* "201" or a pattern as Asterisk writes it, "_NXX."; caller: only for calls from such numbers,
	 * empty = for all. */
	void (*number)(void *to, const char *number, const char *caller);
	/* times: when it holds, empty = always. */
	void (*include)(void *to, const char *context, const char *times);
	/* Another place where numbers are looked for, which cannot be listed: "Realtime/…". */
	void (*elsewhere)(void *to, const char *text);
};

/*
 * What the host gives. Every pointer stays valid until engine_stop returned. Functions are called
 * from threads of the engine (never from the one that owns its sockets, but for log and step) and
 * from those that call the engine. A function pointer may be NULL where the host has nothing to
 * offer.
 */
struct pnp_host {
	uint32_t version;             /* PNP_HOST_VERSION */
	const char *name;             /* "pnpd 0.1.0", "Asterisk 22.10.1" */
	const char *config_file;      /* pnp.conf; NULL or missing file = defaults */
	const char *const *overrides; /* NULL-terminated "option=value": they win over the file */
	const char *data_dir;         /* where the database lies, unless the file says otherwise */
	const char *control;          /* control socket, unless the file says otherwise; NULL = none */
	void *context;                /* handed back in each call */

	/* Must not block. */
	void (*log)(void *context, enum pnp_level level, const char *room, const char *text);
	/* Must not block. A new step, not one that repeats the last. */
	void (*step)(void *context, const struct pnp_step *step);

	/* 0 and *account filled in; PNP_NONE where there is no such extension; PNP_UNUSABLE and a
	 * sentence in why (of why_size bytes) where a phone cannot have it. */
	int (*find_account)(void *context, const char *number, struct pnp_account *account, char *why,
		size_t why_size);
	/* Visits the host's own extensions. */
	void (*list_accounts)(void *context,
		void (*visit)(void *to, const char *number, const char *name), void *to);

	/* Visits the numbers that calls can be made to, for maps of digits in phones. May hold a lock of
	 * the host's meanwhile, so a visitor copies and does no more. */
	void (*list_dialplan)(void *context, const struct pnp_dialplan_visitor *visitor);

	/* Where each question would read all of the host's own anew: reads them once, and may_own and
	 * put_extension answer by that until the next look that sees them. 0, or PNP_UNUSABLE and a
	 * sentence where they cannot be seen now: then ours stay as they are, and it is tried again. */
	int (*look)(void *context, char *why, size_t why_size);
	/* Whether an extension of ours with this number has room beside the host's, at home in this
	 * dial plan context: 0, or PNP_UNUSABLE and a sentence that names both places. */
	int (*may_own)(void *context, const char *number, const char *home, char *why, size_t why_size);
	/* Makes it, or changes it: 0, or PNP_UNUSABLE and a sentence. It must not outlive the engine. */
	int (*put_extension)(void *context, const struct pnp_extension *extension, char *why,
		size_t why_size);
	void (*remove_extension)(void *context, const char *number);

	/* Sends NOTIFY with this Event to the one phone registered with `number` from `address` and
	 * `port`, 0 = any: 0 = handed over; else why not. */
	int (*send_notify)(void *context, const char *number, const char *address, uint16_t port,
		const char *event, char *why, size_t why_size);

	/* Whether anything rings or talks with this number: 1 or 0; PNP_NONE where the host cannot say. Of
	 * a number on several phones it is true while one of them does. */
	int (*in_call)(void *context, const char *number);
	/* Visits the calls with this number, each with where the phone at its other end is; an empty
	 * address where the host cannot say. */
	void (*list_calls)(void *context, const char *number,
		void (*visit)(void *to, const char *address, uint16_t port), void *to);

	/* Whether a phone that registered with `watcher` and watches `number` (SUBSCRIBE, Event: dialog)
	 * is told its state: 1 or 0; PNP_NONE where the host cannot say. */
	int (*has_hint)(void *context, const char *watcher, const char *number);

	/* Takes the codes into the dial plan, beside those before: 0, or PNP_UNUSABLE and a sentence.
	 * What was there stays there all the time. They must not outlive the engine. */
	int (*put_codes)(void *context, const struct pnp_codes *codes, char *why, size_t why_size);
	/* Takes those out that put_codes was not given the last time. */
	void (*drop_codes)(void *context);
	/* Whether a number can be dialled in a context of the dial plan. */
	int (*has_number)(void *context, const char *where, const char *number);

	/* Whether the host calls engine_registered and engine_unregistered. */
	int sees_registrations;
};

struct pnp_engine;

/*
 * Starts everything: 0, or -1 with a sentence in why. Refuses rather than half starts: what cannot
 * be repaired while running (database, configuration) is an error; a port that is taken is not, it
 * is logged, shown by `pnp status` and tried again. put_extension was called for each extension
 * when it returns.
 */
int engine_start(const struct pnp_host *host, struct pnp_engine **engine, char *why, size_t why_size);

/* Reads the configuration and templates again: 0, or -1 with a sentence; then the old ones stay. */
int engine_reload(struct pnp_engine *engine, char *why, size_t why_size);

/*
 * The host read its files again: its own extensions and its dial plan may be others now. Ours are
 * looked at beside them, soon and on a worker, once for several calls in a row; returns at once.
 */
void engine_host_changed(struct pnp_engine *engine);

/*
 * Runs one console command and hands its text to `print`. Blocks as long as the command takes.
 * Returns 0 = done, 1 = refused, 2 = not understood.
 */
int engine_command(struct pnp_engine *engine, int argc, const char *const *argv, const char *actor,
	void (*print)(void *to, const char *text), void *to);

/* Visits the words that may stand in place of the last one of argv, which may be unfinished. */
void engine_complete(struct pnp_engine *engine, int argc, const char *const *argv,
	void (*visit)(void *to, const char *word), void *to);

/* Visits each command: its fixed words ("show devices"), its usage and one sentence. */
void engine_commands(
	void (*visit)(void *to, const char *words, const char *usage, const char *help), void *to);

/*
 * The host saw a phone register, refresh, or go; `address` is where it came from. They return at
 * once. A registration that is merely refreshed is told of again and changes nothing.
 */
void engine_registered(struct pnp_engine *engine, const char *number, const char *address,
	uint16_t port, const char *user_agent);
void engine_unregistered(struct pnp_engine *engine, const char *number, const char *address,
	uint16_t port);
void engine_register_refused(struct pnp_engine *engine, const char *number, const char *address,
	const char *why);

/*
 * The phone that calls with the account `number` from `address` and `port` dialled a code: it wants
 * to be `extension`, whose PIN somebody typed, or to be a guest again. One of enum pnp_claimed, after
 * it was written to the disk: not for a thread that others wait for. The phone is told to fetch its
 * configuration a few seconds later.
 */
int engine_claim(struct pnp_engine *engine, const char *number, const char *address, uint16_t port,
	const char *extension, const char *pin);
int engine_release(struct pnp_engine *engine, const char *number, const char *address,
	uint16_t port);

/*
 * The host is about to open SIP sockets: ours on the group is closed when this returns (within two
 * seconds at most), and opened again by engine_take_port.
 */
void engine_release_port(struct pnp_engine *engine);
void engine_take_port(struct pnp_engine *engine);

/* Joins all threads, closes all descriptors, writes what is not yet written. NULL is allowed. */
void engine_stop(struct pnp_engine *engine);

/* NOLINTEND(readability-identifier-naming) */

#ifdef __cplusplus
}
#endif

#endif
