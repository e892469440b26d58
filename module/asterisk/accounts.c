/* SPDX-License-Identifier: GPL-2.0-only */
/* The administrator's endpoints as phones need them, and what ours must not clash with. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

#include "asterisk/astobj2.h"
#include "asterisk/callerid.h"
#include "asterisk/config.h"
#include "asterisk/paths.h"
#include "asterisk/sorcery.h"
#include "asterisk/strings.h"
#include "asterisk/utils.h"

#include <sys/stat.h>

#include "pnp_asterisk.h"

/* The fields of one of the administrator's objects; NULL where there is none. */
static struct ast_variable *fields_of(const char *type, const char *id)
{
	struct ast_variable *fields = NULL;
	void *object = pnp_endpoints_foreign(type, id);

	if (object) {
		fields = ast_sorcery_objectset_create(ast_sip_get_sorcery(), object);
		ao2_ref(object, -1);
	}
	return fields;
}

static void wipe(struct ast_variable *fields)
{
	struct ast_variable *field;

	for (field = fields; field; field = field->next) {
		explicit_bzero((char *) field->value, strlen(field->value));
	}
	ast_variables_destroy(fields);
}

/* "Front desk" of "\"Front desk\" <201>". */
static void copy_name(const char *caller_id, char *name, size_t size)
{
	char *text = ast_strdupa(caller_id);
	char *found = NULL;
	char *number = NULL;

	ast_callerid_parse(text, &found, &number);
	ast_copy_string(name, S_OR(found, ""), size);
}

/* A hash stands in its place: what `password` still says then is not what the PBX compares with. */
static int is_hashed(const char *auth_type)
{
	return !strcasecmp(auth_type, "md5");
}

static int read_auth(const char *number, const char *id, struct pnp_account *account, char *why,
	size_t why_size)
{
	struct ast_variable *fields = fields_of("auth", id);
	const char *type = pnp_field(fields, "auth_type");
	const char *password = pnp_field(fields, "password");
	int done = PNP_UNUSABLE;

	if (!fields) {
		snprintf(why, why_size, "endpoint %s names the auth %s, which does not exist: add [%s] with "
			"type = auth to pjsip.conf", number, id, id);
	} else if (ast_strlen_zero(password) || is_hashed(type)) {
		snprintf(why, why_size, "the auth %s of endpoint %s holds no password that a phone could use "
			"(auth_type = %s): a hash cannot be turned back; set auth_type = userpass and password "
			"there, or make an extension of another number: pnp extension add NUMBER", id, number,
			S_OR(type, "unknown"));
	} else if (strlen(password) >= sizeof(account->password)) {
		snprintf(why, why_size, "the password of auth %s is longer than %zu bytes, which no phone "
			"takes: set a shorter one", id, sizeof(account->password) - 1);
	} else {
		ast_copy_string(account->password, password, sizeof(account->password));
		ast_copy_string(account->user, S_OR(pnp_field(fields, "username"), id),
			sizeof(account->user));
		done = 0;
	}
	wipe(fields);
	return done;
}

/* The first one of several that a phone can use; else why the last one cannot be. */
static int read_auths(const char *number, const char *ids, struct pnp_account *account, char *why,
	size_t why_size)
{
	char *rest = ast_strdupa(ids);
	char *id;
	int done = PNP_UNUSABLE;

	snprintf(why, why_size, "endpoint %s has no auth, so it takes registrations from anybody: add "
		"one in pjsip.conf", number);
	while (done && (id = strsep(&rest, ","))) {
		id = ast_strip(id);
		if (*id) {
			done = read_auth(number, id, account, why, why_size);
		}
	}
	return done;
}

/* Phones register with their number, which must be an AOR of the endpoint: 201 or 201@domain. */
static int takes_registrations(const char *number, const char *aors)
{
	char *rest = ast_strdupa(aors);
	char *id;

	while ((id = strsep(&rest, ","))) {
		id = ast_strip(id);
		if (!strncmp(id, number, strlen(number)) && strchr("@", id[strlen(number)])) {
			return 1;
		}
	}
	return 0;
}

int pnp_find_account(void *context, const char *number, struct pnp_account *account, char *why,
	size_t why_size)
{
	struct ast_variable *fields = fields_of("endpoint", number);
	const char *aors = pnp_field(fields, "aors");
	int done = PNP_UNUSABLE;

	if (!fields) {
		snprintf(why, why_size, "Asterisk has no PJSIP endpoint %s", number);
		return PNP_NONE;
	}
	ast_copy_string(account->number, number, sizeof(account->number));
	copy_name(pnp_field(fields, "callerid"), account->name, sizeof(account->name));
	ast_copy_string(account->context, pnp_field(fields, "context"), sizeof(account->context));
	if (takes_registrations(number, aors)) {
		done = read_auths(number, pnp_field(fields, "auth"), account, why, why_size);
	} else {
		snprintf(why, why_size, "endpoint %s has no AOR %s, and a phone registers there by its number "
			"(aors = %s): add [%s] with type = aor and max_contacts = 1 to pjsip.conf, and aors = %s to "
			"the endpoint", number, number, aors, number, number);
	}
	ast_variables_destroy(fields);
	return done;
}

int pnp_has_static_contact(const char *number)
{
	struct ast_variable *fields = fields_of("endpoint", number);
	char *rest = ast_strdupa(pnp_field(fields, "aors"));
	char *id;
	int found = 0;

	ast_variables_destroy(fields);
	while (!found && (id = strsep(&rest, ","))) {
		fields = fields_of("aor", ast_strip(id));
		found = !ast_strlen_zero(pnp_field(fields, "contact"));
		ast_variables_destroy(fields);
	}
	return found;
}

struct listing {
	void (*visit)(void *to, const char *number, const char *name);
	void *to;
};

static void list_one(void *object, void *to)
{
	struct listing *listing = to;
	struct ast_variable *fields = ast_sorcery_objectset_create(ast_sip_get_sorcery(), object);
	char name[128];

	copy_name(pnp_field(fields, "callerid"), name, sizeof(name));
	listing->visit(listing->to, ast_sorcery_object_get_id(object), name);
	ast_variables_destroy(fields);
}

void pnp_list_accounts(void *context,
	void (*visit)(void *to, const char *number, const char *name), void *to)
{
	struct listing listing = { visit, to };

	pnp_endpoints_each_foreign("endpoint", list_one, &listing);
}

/* FreePBX writes pjsip.endpoint.conf; nothing else does. */
static int is_freepbx(void)
{
	char path[PATH_MAX];
	struct stat seen;

	snprintf(path, sizeof(path), "%s/pjsip.endpoint.conf", ast_config_AST_CONFIG_DIR);
	return !stat(path, &seen);
}

int pnp_may_own(void *context, const char *number, const char *home, char *why, size_t why_size)
{
	static const char *const types[] = { "endpoint", "aor", "auth" };
	struct ast_variable *fields;
	size_t i;

	/* A guest's account, which nobody calls, is no extension to FreePBX. */
	if (*home && is_freepbx()) {
		snprintf(why, why_size, "FreePBX keeps the extensions here: add %s there (Connectivity > "
			"Extensions > Add Extension > Add New SIP [chan_pjsip] Extension), then: pnp assign MAC "
			"%s", number, number);
		return PNP_UNUSABLE;
	}
	for (i = 0; i < ARRAY_LEN(types); i++) {
		if ((fields = fields_of(types[i], number))) {
			wipe(fields);
			snprintf(why, why_size, "Asterisk has the %s %s (pjsip.conf, pjsip_wizard.conf or realtime), "
				"and ours of pnp.sqlite3 would hide it: keep that one and assign it as it is, or take it "
				"out there", types[i], number);
			return PNP_UNUSABLE;
		}
	}
	return *home ? pnp_dialplan_may_own(number, home, why, why_size) : 0;
}
