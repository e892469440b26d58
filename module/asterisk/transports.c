/* SPDX-License-Identifier: GPL-2.0-only */
/* Makes way while PJSIP opens its sockets. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

#include "asterisk/sorcery.h"

#include "pnp_asterisk.h"

/* PJSIP sets no SO_REUSEADDR: with our socket on the group, its own bind to 0.0.0.0:5060 would fail
 * and the PBX would have no SIP at all. */
static void loading(const char *name, const struct ast_sorcery *sorcery, const char *object_type,
	int reloaded)
{
	struct pnp_engine *engine;

	if (strcmp(object_type, "transport")) {
		return;
	}
	if ((engine = pnp_engine_hold())) {
		engine_release_port(engine);
	}
	pnp_engine_release();
}

static void loaded(const char *name, const struct ast_sorcery *sorcery, const char *object_type,
	int reloaded)
{
	struct pnp_engine *engine;

	if (strcmp(object_type, "transport")) {
		return;
	}
	if ((engine = pnp_engine_hold())) {
		engine_take_port(engine);
	}
	pnp_engine_release();
}

static const struct ast_sorcery_instance_observer observer = {
	.object_type_loading = loading,
	.object_type_loaded = loaded,
};

int pnp_transports_register(void)
{
	return ast_sorcery_instance_observer_add(ast_sip_get_sorcery(), &observer);
}

void pnp_transports_unregister(void)
{
	ast_sorcery_instance_observer_remove(ast_sip_get_sorcery(), &observer);
}
