/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes way while PJSIP opens its sockets. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

#include "asterisk/sorcery.h"

#include "pnp_asterisk.h"

static void tell_engine(const char *object_type, void (*what)(struct pnp_engine *engine))
{
	struct pnp_engine *engine;

	if (strcmp(object_type, "transport")) {
		return;
	}
	if ((engine = pnp_engine_hold())) {
		what(engine);
	}
	pnp_engine_release();
}

/* PJSIP sets no SO_REUSEADDR: with our socket on the group, its own bind to 0.0.0.0:5060 would fail
 * and the PBX would have no SIP at all. */
static void loading(const char *name, const struct ast_sorcery *sorcery, const char *object_type,
	int reloaded)
{
	tell_engine(object_type, engine_release_port);
}

static void loaded(const char *name, const struct ast_sorcery *sorcery, const char *object_type,
	int reloaded)
{
	tell_engine(object_type, engine_take_port);
}

static const struct ast_sorcery_instance_observer observer = {
	.object_type_loading = loading,
	.object_type_loaded = loaded,
};

/* Samples of pjsip.conf have none that is in force, and before Asterisk 21 chan_sip takes the port
 * and refuses what it does not know. */
static void warn_if_none(void)
{
	struct ao2_container *all = ast_sorcery_retrieve_by_fields(ast_sip_get_sorcery(), "transport",
		AST_RETRIEVE_FLAG_MULTIPLE | AST_RETRIEVE_FLAG_ALL, NULL);

	if (!all || !ao2_container_count(all)) {
		ast_log(LOG_WARNING, "PJSIP has no transport, so no phone can register with it: add one to "
			"pjsip.conf, and if chan_sip is loaded, take it off the port\n");
	}
	ao2_cleanup(all);
}

int pnp_transports_register(void)
{
	warn_if_none();
	return ast_sorcery_instance_observer_add(ast_sip_get_sorcery(), &observer);
}

void pnp_transports_unregister(void)
{
	ast_sorcery_instance_observer_remove(ast_sip_get_sorcery(), &observer);
}
