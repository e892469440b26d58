/* SPDX-License-Identifier: MIT */
/* The door between a host (Asterisk, FreeSWITCH, pnpd) and the engine: plain C, no ownership crosses it. */
#ifndef PNP_HOST_H
#define PNP_HOST_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PNP_HOST_VERSION 1

enum pnp_level { PNP_DEBUG, PNP_INFO, PNP_WARN, PNP_ERROR };

/* One extension of the host, as pnp_host.find_account fills it in. */
struct pnp_account {
	char number[64];
	char name[128];
	char password[128]; /* never empty on success; wiped by the engine after use */
};

/*
 * What the host gives. Every pointer stays valid until engine_stop returned; functions may be called
 * from any thread and must not block. A function pointer may be NULL where the host has nothing to
 * offer.
 */
struct pnp_host {
	uint32_t version;               /* PNP_HOST_VERSION */
	const char *name;               /* "pnpd 0.1.0", "Asterisk 22.10.1" */
	const char *config_file;        /* pnp.conf; NULL or missing file = defaults */
	const char *const *overrides;   /* NULL-terminated "option=value": they win over the file */
	const char *data_dir;           /* where the database lies, unless the file says otherwise */
	const char *control;            /* control socket, unless the file says otherwise; NULL = none */
	void *context;                  /* handed back in each call */

	void (*log)(void *context, enum pnp_level level, const char *room, const char *text);
	/* 0 and *account filled in; -1 and a sentence in why (of why_size bytes) where there is none. */
	int (*find_account)(void *context, const char *number, struct pnp_account *account, char *why,
		size_t why_size);
	/* Sends NOTIFY with this Event to the phone registered from this address; 0 = handed over. */
	int (*send_notify)(void *context, const char *number, const char *address, const char *event);
};

struct pnp_engine;

/*
 * Starts everything: 0, or -1 with a sentence in why. Refuses rather than half starts: what cannot
 * be repaired while running (database, configuration) is an error; a port that is taken is not, it
 * is logged, shown by `pnp status` and tried again.
 */
int engine_start(const struct pnp_host *host, struct pnp_engine **engine, char *why, size_t why_size);

/* Reads the configuration and templates again: 0, or -1 with a sentence; then the old ones stay. */
int engine_reload(struct pnp_engine *engine, char *why, size_t why_size);

/*
 * Runs one console command and hands its text to `print`. Blocks as long as the command takes.
 * Returns 0 = done, 1 = refused, 2 = not understood.
 */
int engine_command(struct pnp_engine *engine, int argc, const char *const *argv, const char *actor,
	void (*print)(void *to, const char *text), void *to);

/* Joins all threads, closes all descriptors, writes what is not yet written. NULL is allowed. */
void engine_stop(struct pnp_engine *engine);

#ifdef __cplusplus
}
#endif

#endif
