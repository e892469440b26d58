/* SPDX-License-Identifier: GPL-2.0-only */
/* The numbers of Asterisk's dial plan, as phones are told of them. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

#include "asterisk/astobj2.h"
#include "asterisk/features_config.h"
#include "asterisk/options.h"
#include "asterisk/pbx.h"
#include "asterisk/strings.h"
#include "asterisk/utils.h"

#include "pnp_asterisk.h"

/* Calls start at priority 1: what has none is a hint, or goes on with somebody else's call. */
static int takes_calls(struct ast_exten *exten)
{
	struct ast_exten *step = NULL;

	while ((step = ast_walk_extension_priorities(exten, step))) {
		if (ast_get_extension_priority(step) == 1) {
			return 1;
		}
	}
	return 0;
}

/* "day,9:00-17:00,mon-fri,*,*" is context day, at times. */
static void tell_include(const struct ast_include *include, const struct pnp_dialplan_visitor *visitor)
{
	char *times = ast_strdupa(ast_get_include_name(include));
	char *context = strsep(&times, ",|");

	visitor->include(visitor->to, context, S_OR(times, ""));
}

static void tell_switch(const struct ast_sw *other, const struct pnp_dialplan_visitor *visitor)
{
	char text[256];

	snprintf(text, sizeof(text), "%s/%s", ast_get_switch_name(other), ast_get_switch_data(other));
	visitor->elsewhere(visitor->to, text);
}

/* What picks up a call of one's group: PJSIP takes it in whatever context, without the dial plan. */
static void copy_pickup(char *number, size_t size)
{
	struct ast_features_pickup_config *config = ast_get_chan_features_pickup_config(NULL);

	ast_copy_string(number, config ? S_OR(config->pickupexten, "") : "", size);
	ao2_cleanup(config);
}

static void tell_context(struct ast_context *context, const char *pickup,
	const struct pnp_dialplan_visitor *visitor)
{
	struct ast_exten *exten = NULL;
	int i;

	visitor->context(visitor->to, ast_get_context_name(context));
	if (*pickup) {
		visitor->number(visitor->to, pickup, "");
	}
	while ((exten = ast_walk_context_extensions(context, exten))) {
		if (takes_calls(exten)) {
			visitor->number(visitor->to, ast_get_extension_name(exten),
				ast_get_extension_matchcid(exten) ? S_OR(ast_get_extension_cidmatch(exten), "") : "");
		}
	}
	for (i = 0; i < ast_context_includes_count(context); i++) {
		tell_include(ast_context_includes_get(context, i), visitor);
	}
	for (i = 0; i < ast_context_switches_count(context); i++) {
		tell_switch(ast_context_switches_get(context, i), visitor);
	}
}

void pnp_list_dialplan(void *context, const struct pnp_dialplan_visitor *visitor)
{
	struct ast_context *each = NULL;
	char pickup[AST_MAX_EXTENSION];

	if (!ast_fully_booted) {
		return; /* extensions.conf may not be read yet, and a part of it refuses what the rest has */
	}
	copy_pickup(pickup, sizeof(pickup));
	ast_rdlock_contexts();
	while ((each = ast_walk_contexts(each))) {
		ast_rdlock_context(each);
		tell_context(each, pickup, visitor);
		ast_unlock_context(each);
	}
	ast_unlock_contexts();
}
