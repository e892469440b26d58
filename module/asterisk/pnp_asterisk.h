/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of res_pnp know of each other. With permission to link with OpenSSL: see LICENSE. */
#ifndef PNP_ASTERISK_H
#define PNP_ASTERISK_H

#include "module/host.h"

#define PNP_REGISTRAR "res_pnp"

struct ast_channel;
struct ast_sorcery;
struct ast_variable;

/* res_pjsip exports it; its header wants pjproject's, which no package ships. */
struct ast_sorcery *ast_sip_get_sorcery(void);

/* The engine, which stays until pnp_engine_release; NULL while there is none. */
struct pnp_engine *pnp_engine_hold(void);
void pnp_engine_release(void);

/* One value of a list of fields; "" where it has none. */
const char *pnp_field(const struct ast_variable *fields, const char *name);

/* cli.c: the console's commands. */
int pnp_cli_register(void);
void pnp_cli_unregister(void);

/* ami.c: events and actions of the manager interface. */
int pnp_ami_register(void);
void pnp_ami_unregister(void);
void pnp_ami_step(void *context, const struct pnp_step *step);

/* endpoints.c: our own endpoint, auth and aor objects. */
int pnp_endpoints_register(void);
void pnp_endpoints_unregister(void);
int pnp_endpoints_put(const struct pnp_extension *extension, char *why, size_t why_size);
void pnp_endpoints_remove(const char *number);
/* Whether an endpoint is one of ours. */
int pnp_endpoints_has(const char *number);
/* What the administrator configured, as if ours were not there; the caller drops the reference. */
void *pnp_endpoints_foreign(const char *type, const char *id);
void pnp_endpoints_each_foreign(const char *type, void (*visit)(void *object, void *to), void *to);

/* dialplan.c: hint and Dial of our own extensions. */
int pnp_dialplan_may_own(const char *number, const char *home, char *why, size_t why_size);
/* Sees to it that this context is there. */
int pnp_dialplan_context(const char *home);
/* Whether what stands there is ours, and no extension. */
int pnp_dialplan_has_code(const char *home, const char *code);
int pnp_dialplan_put(const struct pnp_extension *extension, char *why, size_t why_size);
void pnp_dialplan_remove(const char *number);
void pnp_dialplan_unregister(void);
int pnp_has_hint(void *context, const char *watcher, const char *number);

/* claim.c: what is dialled to claim a phone and to release it. */
int pnp_claim_register(void);
void pnp_claim_unregister(void);
int pnp_put_codes(void *context, const struct pnp_codes *codes, char *why, size_t why_size);
void pnp_drop_codes(void *context);
int pnp_has_number(void *context, const char *where, const char *number);
/* What a PJSIP channel says of itself; -1 where it does not. Not with the channel locked. */
int pnp_ask_channel(struct ast_channel *channel, const char *what, char *out, size_t size);
/* They went with their contexts. */
void pnp_codes_forget(void);

/* numbers.c: what the dial plan takes. */
void pnp_list_dialplan(void *context, const struct pnp_dialplan_visitor *visitor);

/* accounts.c: the administrator's endpoints, and whether ours have room beside them. */
int pnp_find_account(void *context, const char *number, struct pnp_account *account, char *why,
	size_t why_size);
void pnp_list_accounts(void *context,
	void (*visit)(void *to, const char *number, const char *name), void *to);
/* Whether an endpoint of the administrator's also has contacts that never registered. */
int pnp_has_static_contact(const char *number);
int pnp_may_own(void *context, const char *number, const char *home, char *why, size_t why_size);

/* registrations.c: who registered, who went, who was refused. */
int pnp_registrations_register(void);
void pnp_registrations_unregister(void);
/* How many contacts an endpoint has, and how many of them at this address. */
void pnp_contacts_of(const char *number, const char *address, int *all, int *there);
/* Address and port of a SIP URI; an empty address where it is no IPv4 address. */
void pnp_read_uri(const char *uri, char *address, size_t size, unsigned int *port);

/* notify.c: a NOTIFY through the PBX. */
int pnp_notify_register(void);
void pnp_notify_unregister(void);
int pnp_send_notify(void *context, const char *number, const char *address, uint16_t port,
	const char *event, char *why, size_t why_size);
int pnp_in_call(void *context, const char *number);
void pnp_list_calls(void *context, const char *number,
	void (*visit)(void *to, const char *address, uint16_t port), void *to);

/* transports.c: makes way while PJSIP opens its sockets. */
int pnp_transports_register(void);
void pnp_transports_unregister(void);

#endif
