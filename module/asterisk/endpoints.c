/* SPDX-License-Identifier: GPL-2.0-only */
/* Our own endpoint, auth and aor objects, by a read-only sorcery wizard. With permission to link with OpenSSL: see LICENSE. */

#include "asterisk.h"

#include "asterisk/astobj2.h"
#include "asterisk/config.h"
#include "asterisk/logger.h"
#include "asterisk/sorcery.h"
#include "asterisk/strings.h"
#include "asterisk/utils.h"

#include <regex.h>

#include "pnp_asterisk.h"

#define WIZARD "pnp"
#define BUCKETS 127

enum { AUTH, AOR, ENDPOINT, TYPES };

static const char *const types[TYPES] = { "auth", "aor", "endpoint" };

/* Objects by id, one container a type; sorcery owns a reference between open and close. */
static struct ao2_container *stores[TYPES];
static int registered;

/* Until it is 0 again, this thread sees only what the administrator configured. A plain int: a
 * thread of the PBX may outlive this module, and a destructor would pin it. */
static __thread int hidden;

static int hash_object(const void *object, int flags)
{
	return ast_str_hash(flags & OBJ_SEARCH_KEY ? object : ast_sorcery_object_get_id(object));
}

static int compare_object(void *object, void *arg, int flags)
{
	const char *id = flags & OBJ_SEARCH_KEY ? arg : ast_sorcery_object_get_id(arg);

	return strcmp(ast_sorcery_object_get_id(object), id) ? 0 : CMP_MATCH | CMP_STOP;
}

static void *wizard_open(const char *data)
{
	return ao2_container_alloc_hash(AO2_ALLOC_OPT_LOCK_RWLOCK, 0, BUCKETS, hash_object, NULL,
		compare_object);
}

static void wizard_close(void *data)
{
	ao2_cleanup(data);
}

static void *wizard_retrieve_id(const struct ast_sorcery *sorcery, void *data, const char *type,
	const char *id)
{
	return hidden ? NULL : ao2_find(data, id, OBJ_SEARCH_KEY);
}

static int has_fields(const struct ast_sorcery *sorcery, const void *object,
	const struct ast_variable *fields)
{
	struct ast_variable *set;
	int matches;

	if (!fields) {
		return 1;
	}
	set = ast_sorcery_objectset_create(sorcery, object);
	matches = ast_variable_lists_match(set, fields, 0);
	ast_variables_destroy(set);
	return matches;
}

static void *wizard_retrieve_fields(const struct ast_sorcery *sorcery, void *data, const char *type,
	const struct ast_variable *fields)
{
	struct ao2_iterator each = ao2_iterator_init(data, 0);
	void *object = NULL;

	while (!hidden && (object = ao2_iterator_next(&each)) && !has_fields(sorcery, object, fields)) {
		ao2_ref(object, -1);
	}
	ao2_iterator_destroy(&each);
	return object;
}

static void wizard_retrieve_multiple(const struct ast_sorcery *sorcery, void *data,
	const char *type, struct ao2_container *objects, const struct ast_variable *fields)
{
	struct ao2_iterator each = ao2_iterator_init(data, 0);
	void *object;

	while (!hidden && (object = ao2_iterator_next(&each))) {
		if (has_fields(sorcery, object, fields)) {
			ao2_link(objects, object);
		}
		ao2_ref(object, -1);
	}
	ao2_iterator_destroy(&each);
}

static void wizard_retrieve_regex(const struct ast_sorcery *sorcery, void *data, const char *type,
	struct ao2_container *objects, const char *regex)
{
	struct ao2_iterator each;
	regex_t expression;
	void *object;

	if (regcomp(&expression, regex, REG_EXTENDED | REG_NOSUB)) {
		return;
	}
	each = ao2_iterator_init(data, 0);
	while (!hidden && (object = ao2_iterator_next(&each))) {
		if (!regexec(&expression, ast_sorcery_object_get_id(object), 0, NULL, 0)) {
			ao2_link(objects, object);
		}
		ao2_ref(object, -1);
	}
	ao2_iterator_destroy(&each);
	regfree(&expression);
}

static void wizard_retrieve_prefix(const struct ast_sorcery *sorcery, void *data, const char *type,
	struct ao2_container *objects, const char *prefix, const size_t prefix_len)
{
	struct ao2_iterator each = ao2_iterator_init(data, 0);
	void *object;

	while (!hidden && (object = ao2_iterator_next(&each))) {
		if (!strncmp(ast_sorcery_object_get_id(object), prefix, prefix_len)) {
			ao2_link(objects, object);
		}
		ao2_ref(object, -1);
	}
	ao2_iterator_destroy(&each);
}

/* No create, update or delete: sorcery writes into every wizard that has them, the administrator's
 * realtime tables too. */
static struct ast_sorcery_wizard wizard = {
	.name = WIZARD,
	.open = wizard_open,
	.close = wizard_close,
	.retrieve_id = wizard_retrieve_id,
	.retrieve_fields = wizard_retrieve_fields,
	.retrieve_multiple = wizard_retrieve_multiple,
	.retrieve_regex = wizard_retrieve_regex,
	.retrieve_prefix = wizard_retrieve_prefix,
};

/* A cache keeps every object that passes (res_sorcery_memory_cache), and would hand ours out when
 * they are gone from here. Who hands out the very object has it from us. */
static void forget_cached(const char *type, void *object)
{
	struct ast_sorcery *sorcery = ast_sip_get_sorcery();
	int count = ast_sorcery_get_wizard_mapping_count(sorcery, type);
	struct ast_sorcery_wizard *other;
	void *data;
	void *cached;
	int i;

	for (i = 0; i < count; i++) {
		if (ast_sorcery_get_wizard_mapping(sorcery, type, i, &other, &data)) {
			continue;
		}
		if (!strncmp(other->name, "memory", 6) && other->retrieve_id && other->delete) {
			cached = other->retrieve_id(sorcery, data, type, ast_sorcery_object_get_id(object));
			if (cached == object) {
				other->delete(sorcery, data, object);
			}
			ao2_cleanup(cached);
		}
		ao2_ref(other, -1);
	}
}

static void forget_all_cached(int type)
{
	struct ao2_iterator each = ao2_iterator_init(stores[type], AO2_ITERATOR_UNLINK);
	void *object;

	while ((object = ao2_iterator_next(&each))) {
		forget_cached(types[type], object);
		ao2_ref(object, -1);
	}
	ao2_iterator_destroy(&each);
}

static struct ao2_container *store_of(const char *type)
{
	int i;

	for (i = 0; i < TYPES && strcmp(types[i], type); i++) {
	}
	return i < TYPES ? stores[i] : NULL;
}

/* NULL for one of ours, which a cache handed out. */
static void *foreign(const char *type, void *object)
{
	void *ours = object ? ao2_find(store_of(type), ast_sorcery_object_get_id(object), OBJ_SEARCH_KEY)
		: NULL;

	if (ours && ours == object) {
		ao2_ref(object, -1);
		object = NULL;
	}
	ao2_cleanup(ours);
	return object;
}

void *pnp_endpoints_foreign(const char *type, const char *id)
{
	void *ours = ao2_find(store_of(type), id, OBJ_SEARCH_KEY);
	void *object;

	if (ours) {
		forget_cached(type, ours);
		ao2_ref(ours, -1);
	}
	hidden = 1;
	object = ast_sorcery_retrieve_by_id(ast_sip_get_sorcery(), type, id);
	hidden = 0;
	return foreign(type, object);
}

void pnp_endpoints_each_foreign(const char *type, void (*visit)(void *object, void *to), void *to)
{
	struct ao2_container *found;
	struct ao2_iterator each;
	void *object;

	hidden = 1;
	found = ast_sorcery_retrieve_by_fields(ast_sip_get_sorcery(), type,
		AST_RETRIEVE_FLAG_MULTIPLE | AST_RETRIEVE_FLAG_ALL, NULL);
	hidden = 0;
	if (!found) {
		return;
	}
	each = ao2_iterator_init(found, 0);
	while ((object = ao2_iterator_next(&each))) {
		if ((object = foreign(type, object))) {
			visit(object, to);
			ao2_ref(object, -1);
		}
	}
	ao2_iterator_destroy(&each);
	ao2_ref(found, -1);
}

int pnp_endpoints_register(void)
{
	struct ast_sorcery *sorcery = ast_sip_get_sorcery();
	int i;

	/* Without a module: a reference to ourselves would block the unload. */
	if (__ast_sorcery_wizard_register(&wizard, NULL)) {
		ast_log(LOG_ERROR, "Sorcery does not take the wizard \"%s\"\n", WIZARD);
		return -1;
	}
	registered = 1;
	for (i = 0; i < TYPES; i++) {
		if (__ast_sorcery_object_type_insert_wizard(sorcery, types[i], AST_MODULE, WIZARD, types[i],
				AST_SORCERY_WIZARD_APPLY_READONLY, AST_SORCERY_WIZARD_POSITION_FIRST, NULL,
				(void **) &stores[i]) != AST_SORCERY_APPLY_SUCCESS) {
			ast_log(LOG_ERROR, "Sorcery does not take our objects of type %s\n", types[i]);
			return -1;
		}
	}
	return 0;
}

void pnp_endpoints_unregister(void)
{
	struct ast_sorcery *sorcery = ast_sip_get_sorcery();
	int i;

	if (!registered) {
		return;
	}
	for (i = TYPES - 1; i >= 0; i--) {
		if (stores[i]) {
			forget_all_cached(i);
			ast_sorcery_remove_wizard_mapping(sorcery, types[i], WIZARD);
			stores[i] = NULL;
		}
	}
	ast_sorcery_wizard_unregister(&wizard);
	registered = 0;
}

/* Puts a pair in front of a list. */
static void add(struct ast_variable **fields, const char *name, const char *value)
{
	struct ast_variable *field = ast_variable_new(name, value, "");

	if (field) {
		field->next = *fields;
		*fields = field;
	}
}

static void *make(int type, const char *id, struct ast_variable *fields)
{
	struct ast_sorcery *sorcery = ast_sip_get_sorcery();
	void *object = ast_sorcery_alloc(sorcery, types[type], id);

	if (object && ast_sorcery_objectset_apply(sorcery, object, fields)) {
		ao2_ref(object, -1);
		object = NULL;
	}
	return object;
}

static void *make_auth(const struct pnp_extension *extension)
{
	struct ast_variable *fields = NULL;
	struct ast_variable *field;
	void *object;

	add(&fields, "password", extension->password);
	add(&fields, "username", extension->number);
	add(&fields, "auth_type", "userpass");
	object = make(AUTH, extension->number, fields);
	for (field = fields; field; field = field->next) {
		explicit_bzero((char *) field->value, strlen(field->value));
	}
	ast_variables_destroy(fields);
	return object;
}

static void *make_aor(const struct pnp_extension *extension)
{
	struct ast_variable *fields = NULL;
	char most[16];
	void *object;

	snprintf(most, sizeof(most), "%u", extension->phones > 1 ? extension->phones : 1);
	/* No qualify_frequency: each `pjsip reload` would show the phone as unavailable for up to as
	 * long. A phone that is gone is lost when its registration expires. */
	/* A phone that comes back from another port replaces what it was before. */
	add(&fields, "remove_existing", "yes");
	add(&fields, "max_contacts", most);
	object = make(AOR, extension->number, fields);
	ast_variables_destroy(fields);
	return object;
}

static void *make_endpoint(const struct pnp_extension *extension)
{
	struct ast_variable *fields = NULL;
	char text[256];
	char name[128];
	char *c;
	void *object;

	ast_copy_string(name, S_OR(extension->name, extension->number), sizeof(name));
	for (c = name; *c; c++) {
		if (*c == '"' || *c == '\\') {
			*c = '\'';
		}
	}
	snprintf(text, sizeof(text), "\"%s\" <%s>", name, extension->number);
	add(&fields, "callerid", text);
	snprintf(text, sizeof(text), "!all,%s", extension->codecs);
	add(&fields, "allow", text);
	add(&fields, "context", extension->context);
	if (*extension->transport) {
		add(&fields, "transport", extension->transport);
	}
	/* Answers go where requests came from, so that phones behind a NAT work too. */
	add(&fields, "rtp_symmetric", "yes");
	add(&fields, "rewrite_contact", "yes");
	add(&fields, "force_rport", "yes");
	add(&fields, "direct_media", "no");
	if (!*extension->home) {
		add(&fields, "allow_transfer", "no"); /* a guest would get others where it cannot dial */
	}
	add(&fields, "auth", extension->number);
	add(&fields, "aors", extension->number);
	if (*extension->mac) {
		add(&fields, "@pnp_mac", extension->mac);
	}
	object = make(ENDPOINT, extension->number, fields);
	ast_variables_destroy(fields);
	return object;
}

int pnp_endpoints_put(const struct pnp_extension *extension, char *why, size_t why_size)
{
	void *objects[TYPES] = {
		[AUTH] = make_auth(extension),
		[AOR] = make_aor(extension),
		[ENDPOINT] = make_endpoint(extension),
	};
	int done = 0;
	int i;

	for (i = 0; i < TYPES; i++) {
		if (!objects[i] && !done) {
			snprintf(why, why_size, "Asterisk refuses its %s (codecs %s, transport %s): the log says "
				"why; correct the [profile] section", types[i], extension->codecs,
				S_OR(extension->transport, "by default"));
			done = PNP_UNUSABLE;
		}
	}
	/* The endpoint last: it names the other two. */
	for (i = 0; i < TYPES && !done; i++) {
		void *old;

		ao2_wrlock(stores[i]);
		old = ao2_find(stores[i], extension->number, OBJ_SEARCH_KEY | OBJ_UNLINK | OBJ_NOLOCK);
		ao2_link_flags(stores[i], objects[i], OBJ_NOLOCK);
		ao2_unlock(stores[i]);
		if (old) {
			forget_cached(types[i], old);
			ao2_ref(old, -1);
		}
	}
	for (i = 0; i < TYPES; i++) {
		ao2_cleanup(objects[i]);
	}
	return done;
}

int pnp_endpoints_has(const char *number)
{
	void *object = ao2_find(stores[ENDPOINT], number, OBJ_SEARCH_KEY);

	ao2_cleanup(object);
	return object != NULL;
}

void pnp_endpoints_remove(const char *number)
{
	int i;

	for (i = TYPES - 1; i >= 0; i--) {
		void *old = ao2_find(stores[i], number, OBJ_SEARCH_KEY | OBJ_UNLINK);

		if (old) {
			forget_cached(types[i], old);
			ao2_ref(old, -1);
		}
	}
}
