/* SPDX-License-Identifier: GPL-2.0-only */
/* res_pnp: loads, reloads and unloads the engine inside Asterisk. With permission to link with OpenSSL: see LICENSE. */

/*** MODULEINFO
	<depend>res_pjsip</depend>
	<support_level>extended</support_level>
 ***/

#include "asterisk.h"

#include "asterisk/ast_version.h"
#include "asterisk/config.h"
#include "asterisk/lock.h"
#include "asterisk/logger.h"
#include "asterisk/module.h"
#include "asterisk/paths.h"
#include "asterisk/utils.h"

#include "pnp_asterisk.h"

static struct pnp_engine *engine;
AST_RWLOCK_DEFINE_STATIC(engine_lock);

struct pnp_engine *pnp_engine_hold(void)
{
	ast_rwlock_rdlock(&engine_lock);
	return engine;
}

void pnp_engine_release(void)
{
	ast_rwlock_unlock(&engine_lock);
}

const char *pnp_field(const struct ast_variable *fields, const char *name)
{
	for (; fields; fields = fields->next) {
		if (!strcasecmp(fields->name, name)) {
			return S_OR(fields->value, "");
		}
	}
	return "";
}

/* Debug lines too: pnp.conf has asked for them, a room at a time, and logger.conf says where they
 * go; `core set debug` need not be on. */
static void log_line(void *context, enum pnp_level level, const char *room, const char *text)
{
	static const int levels[] = { __LOG_DEBUG, __LOG_NOTICE, __LOG_WARNING, __LOG_ERROR };

	ast_log(levels[level], "res_pnp.c", __LINE__, room, "%s: %s\n", room, text);
}

static int put_extension(void *context, const struct pnp_extension *extension, char *why,
	size_t why_size)
{
	int done = pnp_may_own(context, extension->number, extension->home, why, why_size);

	if (!done) {
		done = pnp_endpoints_put(extension, why, why_size);
	}
	if (!done && (done = pnp_dialplan_put(extension, why, why_size))) {
		pnp_endpoints_remove(extension->number);
	}
	return done;
}

static void remove_extension(void *context, const char *number)
{
	pnp_dialplan_remove(number);
	pnp_endpoints_remove(number);
}

/* A module of another major version loads, and finds structs with other members. */
static int is_same_major(void)
{
	int running = atoi(ast_get_version_num()) / 10000;

	if (running == PNP_ASTERISK_MAJOR) {
		return 1;
	}
	ast_log(LOG_ERROR, "This res_pnp was built for Asterisk %d, and this is Asterisk %s: install the "
		"one that was built for it.\n", PNP_ASTERISK_MAJOR, ast_get_version());
	return 0;
}

static int start_engine(void)
{
	static char name[80], config[PATH_MAX], data[PATH_MAX], control[PATH_MAX];
	static const struct pnp_host host = {
		.version = PNP_HOST_VERSION,
		.name = name,
		.config_file = config,
		.data_dir = data,
		.control = control,
		.log = log_line,
		.step = pnp_ami_step,
		.find_account = pnp_find_account,
		.list_accounts = pnp_list_accounts,
		.list_dialplan = pnp_list_dialplan,
		.may_own = pnp_may_own,
		.put_extension = put_extension,
		.remove_extension = remove_extension,
		.send_notify = pnp_send_notify,
		.in_call = pnp_in_call,
		.list_calls = pnp_list_calls,
		.has_hint = pnp_has_hint,
		.put_codes = pnp_put_codes,
		.drop_codes = pnp_drop_codes,
		.has_number = pnp_has_number,
		.sees_registrations = 1,
	};
	struct pnp_engine *started = NULL;
	char why[1024] = "";
	char *slash;

	snprintf(name, sizeof(name), "Asterisk %s", ast_get_version());
	snprintf(config, sizeof(config), "%s/pnp.conf", ast_config_AST_CONFIG_DIR);
	snprintf(data, sizeof(data), "%s", ast_config_AST_DB);
	if ((slash = strrchr(data, '/'))) {
		*slash = '\0'; /* beside the PBX's own database */
	}
	snprintf(control, sizeof(control), "%s/pnp.ctl", ast_config_AST_RUN_DIR);

	if (engine_start(&host, &started, why, sizeof(why))) {
		ast_log(LOG_ERROR, "PBX PnP is not started: %s\n", why);
		return -1;
	}
	ast_rwlock_wrlock(&engine_lock);
	engine = started;
	ast_rwlock_unlock(&engine_lock);
	return 0;
}

/* At the latest before the libraries that its threads use are gone: `core stop now` and SIGTERM
 * unload no module. */
static void stop_engine(void)
{
	struct pnp_engine *ending;

	ast_rwlock_wrlock(&engine_lock);
	ending = engine;
	engine = NULL;
	ast_rwlock_unlock(&engine_lock);
	engine_stop(ending);
}

/* The reverse of load_module; each step is harmless where its counterpart never ran. */
static int unload_module(void)
{
	ast_unregister_atexit(stop_engine);
	pnp_claim_unregister();
	pnp_cli_unregister();
	pnp_ami_unregister();
	pnp_transports_unregister();
	pnp_registrations_unregister();

	stop_engine();

	pnp_notify_unregister();
	pnp_dialplan_unregister();
	pnp_codes_forget();
	pnp_endpoints_unregister();
	return 0;
}

static int load_module(void)
{
	if (!is_same_major()) {
		return AST_MODULE_LOAD_DECLINE;
	}
	if (pnp_endpoints_register() || pnp_notify_register() || start_engine()
		|| pnp_transports_register() || pnp_registrations_register()
		|| pnp_ami_register() || pnp_cli_register() || pnp_claim_register() || ast_register_atexit(stop_engine)) {
		unload_module();
		return AST_MODULE_LOAD_DECLINE;
	}
	return AST_MODULE_LOAD_SUCCESS;
}

static int reload_module(void)
{
	char why[1024] = "";
	struct pnp_engine *held = pnp_engine_hold();
	int done = held ? engine_reload(held, why, sizeof(why)) : -1;

	pnp_engine_release();
	if (done) {
		ast_log(LOG_ERROR, "pnp.conf and templates stay as they were: %s\n", why);
	}
	return done;
}

AST_MODULE_INFO(ASTERISK_GPL_KEY, AST_MODFLAG_LOAD_ORDER, "PBX PnP: zero-touch onboarding of phones",
	.support_level = AST_MODULE_SUPPORT_EXTENDED,
	.load = load_module,
	.unload = unload_module,
	.reload = reload_module,
	.load_pri = AST_MODPRI_DEFAULT,
	.requires = "res_pjsip",
	.optional_modules = "res_pjsip_notify",
);
