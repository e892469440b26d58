/* SPDX-License-Identifier: GPL-2.0-only */
/* Hint and Dial of our own extensions, and whether a phone that watches a number is told of it. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

#include "asterisk/astobj2.h"
#include "asterisk/config.h"
#include "asterisk/lock.h"
#include "asterisk/logger.h"
#include "asterisk/pbx.h"
#include "asterisk/sorcery.h"
#include "asterisk/strings.h"
#include "asterisk/utils.h"

#include "pnp_asterisk.h"

/* A context is sorted: names in their order, as if they had no dashes, then patterns. To look further
 * would make an import of ten thousand numbers a matter of seconds. */
static int is_behind(const char *name, const char *number)
{
	return *number != '_' && (*name == '_' || (!strchr(name, '-') && strcmp(name, number) > 0));
}

/* Calls `visit` for each extension of a context that is named exactly so; stops when it says so. */
static int each_named(const char *home, const char *number,
	int (*visit)(struct ast_context *context, struct ast_exten *exten, void *to), void *to)
{
	struct ast_context *context;
	struct ast_exten *exten = NULL;
	int done = 0;

	ast_rdlock_contexts();
	context = ast_context_find(home);
	if (context) {
		ast_rdlock_context(context);
		while (!done && (exten = ast_walk_context_extensions(context, exten))) {
			const char *name = ast_get_extension_name(exten);

			if (!strcmp(name, number)) {
				done = visit(context, exten, to);
			} else if (is_behind(name, number)) {
				break;
			}
		}
		ast_unlock_context(context);
	}
	ast_unlock_contexts();
	return done;
}

static int is_foreign(struct ast_context *context, struct ast_exten *exten, void *to)
{
	char *place = to;
	const char *file;

	for (; exten; exten = ast_walk_extension_priorities(exten, exten)) {
		if (strcmp(ast_get_extension_registrar(exten), PNP_REGISTRAR)) {
			file = ast_get_extension_registrar_file(exten);
			snprintf(place, PATH_MAX, "%s line %d", S_OR(file, ast_get_extension_registrar(exten)),
				ast_get_extension_registrar_line(exten));
			return 1;
		}
	}
	return 0;
}

/* "_2XX" is a pattern, "h" runs when a call ends, and "2-01" is dialled as 201. */
static int is_more_than_a_number(const char *number)
{
	return *number == '_' || strchr(number, '-')
		|| (number[0] && !number[1] && strchr("aehiostT", *number));
}

int pnp_dialplan_may_own(const char *number, const char *home, char *why, size_t why_size)
{
	char place[PATH_MAX];

	if (is_more_than_a_number(number)) {
		snprintf(why, why_size, "the dial plan of Asterisk reads %s as more than a number (a pattern, a "
			"step of a call, or without its dashes): choose one of digits", number);
		return PNP_UNUSABLE;
	}
	if (!each_named(home, number, is_foreign, place)) {
		return 0;
	}
	snprintf(why, why_size, "context %s has an extension %s already (%s), and ours of pnp.sqlite3 would "
		"stand there too: take that one out, or set another extensions_context in pnp.conf",
		home, number, place);
	return PNP_UNUSABLE;
}

/* Contexts where ours are or were. Two consoles may reload at once, and codes are put beside
 * extensions. */
AST_MUTEX_DEFINE_STATIC(homes_lock);
static char **homes;
static int home_count;

static int remember(const char *home)
{
	char **more;
	int i;

	for (i = 0; i < home_count; i++) {
		if (!strcmp(homes[i], home)) {
			return 0;
		}
	}
	if (!(more = ast_realloc(homes, sizeof(*more) * (home_count + 1)))) {
		return -1;
	}
	homes = more;
	if (!(homes[home_count] = ast_strdup(home))) {
		return -1;
	}
	home_count++;
	return 0;
}

/* An extension, not what a guest dials: its emergency number may be the number of one of ours. */
static int is_ours(struct ast_context *context, struct ast_exten *exten, void *to)
{
	for (; exten; exten = ast_walk_extension_priorities(exten, exten)) {
		if (!strcmp(ast_get_extension_registrar(exten), PNP_REGISTRAR)
			&& (ast_get_extension_priority(exten) == PRIORITY_HINT
				|| !strcmp(S_OR(ast_get_extension_app(exten), ""), "Dial"))) {
			return 1;
		}
	}
	return 0;
}

static int is_code(struct ast_context *context, struct ast_exten *exten, void *to)
{
	return !strcmp(ast_get_extension_registrar(exten), PNP_REGISTRAR)
		&& ast_get_extension_priority(exten) == 1
		&& strcmp(S_OR(ast_get_extension_app(exten), ""), "Dial");
}

int pnp_dialplan_has_code(const char *home, const char *code)
{
	return each_named(home, code, is_code, NULL);
}

/* Asterisk warns where there is nothing to remove, so it is only asked to where there is. */
static void remove_from_all_but(const char *home, const char *number)
{
	SCOPED_MUTEX(hold, &homes_lock);
	int i;

	for (i = 0; i < home_count; i++) {
		if ((!home || strcmp(homes[i], home)) && each_named(homes[i], number, is_ours, NULL)) {
			ast_context_remove_extension(homes[i], number, 0, PNP_REGISTRAR);
		}
	}
}

int pnp_dialplan_context(const char *home)
{
	SCOPED_MUTEX(hold, &homes_lock);

	/* Once only: each call counts, and destroying counts back once. */
	return remember(home)
		|| (!ast_context_find(home)
			&& !ast_context_find_or_create(NULL, NULL, home, PNP_REGISTRAR));
}

int pnp_dialplan_put(const struct pnp_extension *extension, char *why, size_t why_size)
{
	char device[96];
	char dial[128];
	const char *home = extension->home;

	/* It may have been at home elsewhere. Here it is replaced: a hint that goes takes the
	 * subscriptions of those who watch it along. */
	remove_from_all_but(home, extension->number);
	if (!*home) {
		return 0;
	}

	snprintf(device, sizeof(device), "PJSIP/%s", extension->number);
	if (extension->phones > 1) {
		/* All of its phones ring, as far as they are registered. */
		snprintf(dial, sizeof(dial), "${PJSIP_DIAL_CONTACTS(%s)}", extension->number);
	} else {
		ast_copy_string(dial, device, sizeof(dial));
	}
	if (pnp_dialplan_context(home)
		|| ast_add_extension(home, 1, extension->number, PRIORITY_HINT, NULL, NULL, device, NULL, NULL,
			PNP_REGISTRAR)
		|| ast_add_extension(home, 1, extension->number, 1, NULL, NULL, "Dial", ast_strdup(dial),
			ast_free_ptr, PNP_REGISTRAR)) {
		snprintf(why, why_size, "the dial plan does not take it in context %s; the log says why", home);
		return PNP_UNUSABLE;
	}
	return 0;
}

void pnp_dialplan_remove(const char *number)
{
	remove_from_all_but(NULL, number);
}

void pnp_dialplan_unregister(void)
{
	ast_context_destroy(NULL, PNP_REGISTRAR);
	while (home_count) {
		ast_free(homes[--home_count]);
	}
	ast_free(homes);
	homes = NULL;
}

/* PJSIP looks for the hint in the endpoint's subscribe_context, or else in its context. */
int pnp_has_hint(void *context, const char *watcher, const char *number)
{
	void *endpoint = ast_sorcery_retrieve_by_id(ast_sip_get_sorcery(), "endpoint", watcher);
	struct ast_variable *fields;
	char hint[AST_MAX_EXTENSION];
	int found;

	if (!endpoint) {
		return PNP_NONE;
	}
	fields = ast_sorcery_objectset_create(ast_sip_get_sorcery(), endpoint);
	ao2_ref(endpoint, -1);
	if (!fields) {
		return PNP_NONE;
	}
	found = ast_get_hint(hint, sizeof(hint), NULL, 0, NULL,
		S_OR(pnp_field(fields, "subscribe_context"), pnp_field(fields, "context")), number);
	ast_variables_destroy(fields);
	return found ? 1 : 0;
}
