// SPDX-License-Identifier: MIT
// Finds or makes the key of a database, proves that it fits, and seals what lies there in the open.
#include "provisioning/inventory/sealing.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/inventory/key_file.hpp"

#include <optional>
#include <utility>
#include <vector>

#include <openssl/crypto.h>

namespace inventory {

using base::Errc;
using base::fail;
using base::Result;
using base::Sealer;
using base::Secret;
using base::Status;

namespace {

/// A known text under the key: it says that the database is sealed, and with which key.
constexpr std::string_view check_name = "key_check";
constexpr std::string_view check_place = "meta/key_check";
constexpr std::string_view check_text = "sealed";
/// There while free pages or the log may still hold what was in the open.
constexpr std::string_view unwiped_name = "unwiped";

Result<std::optional<std::string>> meta(sql::Connection& connection, std::string_view name) {
    auto asked = connection.prepare("select value from meta where name = $1");
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    const auto row = asked->bind(1, name).step();
    if (!row) {
        return tl::unexpected(row.error());
    }
    return *row ? std::optional(asked->text(0)) : std::nullopt;
}

Status put_meta(sql::Connection& connection, std::string_view name, std::string_view value) {
    auto put = connection.prepare("insert into meta (name, value) values ($1, $2) "
                                  "on conflict (name) do update set value = excluded.value");
    return put ? put->bind(1, name).bind(2, as_blob(value)).run() : tl::unexpected(put.error());
}

struct Open {
    std::string number; ///< empty: the token key
    Secret value;
};

/// What stands in the database unsealed.
Result<std::vector<Open>> in_the_open(sql::Connection& connection) {
    auto asked = connection.prepare("select number, password from extension union all "
                                    "select '', value from meta where name = 'token_key'");
    if (!asked) {
        return tl::unexpected(asked.error());
    }
    std::vector<Open> all;
    for (;;) {
        const auto row = asked->step();
        if (!row) {
            return tl::unexpected(row.error());
        }
        if (!*row) {
            return all;
        }
        auto text = asked->text(1);
        all.push_back({asked->text(0), Secret(text)});
        OPENSSL_cleanse(text.data(), text.size());
    }
}

Status seal_all(sql::Connection& connection, const Sealer& sealer) {
    auto transaction = sql::Transaction::begin(connection, sql::Sync::full);
    if (!transaction) {
        return tl::unexpected(transaction.error());
    }
    const auto open = in_the_open(connection);
    if (!open) {
        return tl::unexpected(open.error());
    }
    auto put = connection.prepare("update extension set password = $2 where number = $1");
    if (!put) {
        return tl::unexpected(put.error());
    }
    for (const auto& [number, value] : *open) {
        const auto place =
            number.empty() ? std::string(place_of_token_key) : place_of_password(number);
        const base::Revealed text = value.reveal();
        const auto sealed = sealer.seal(text, place);
        if (!sealed) {
            return tl::unexpected(sealed.error());
        }
        auto done = number.empty() ? put_meta(connection, "token_key", *sealed)
                                   : put->bind(1, number).bind(2, as_blob(*sealed)).run();
        if (!done) {
            return done;
        }
    }
    const auto check = sealer.seal(check_text, check_place);
    if (!check) {
        return tl::unexpected(check.error());
    }
    if (auto done = put_meta(connection, check_name, *check); !done) {
        return done;
    }
    if (!open->empty()) {
        if (auto done = put_meta(connection, unwiped_name, ""); !done) {
            return done;
        }
    }
    return transaction->commit();
}

/// Not done: said, and tried again at the next start; phones are served meanwhile.
void wipe(sql::Connection& connection, const std::string& database) {
    auto done = connection.rewrite().and_then([&] {
        return connection.run(fmt::format("delete from meta where name = '{}'", unwiped_name));
    });
    if (done) {
        base::log::info("inventory", "the passwords in {} are sealed now", database);
    } else {
        base::log::warn("inventory",
                        "the passwords in {} are sealed, but the file still holds traces of how "
                        "they were; restart when this is solved: {}",
                        database, done.error().what);
    }
}

} // namespace

std::string place_of_password(std::string_view number) {
    return fmt::format("extension/{}", number);
}

std::span<const std::uint8_t> as_blob(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Result<Sealer>
unlock(sql::Connection& connection, const std::string& database, const std::string& key_file) {
    const auto check = meta(connection, check_name);
    if (!check) {
        return tl::unexpected(check.error());
    }
    auto key = read_key(key_file);
    if (!key) {
        return tl::unexpected(key.error());
    }
    if (!*key) {
        if (*check) {
            return fail(Errc::not_found,
                        "{} is missing, and nothing else opens the passwords in {}; put it back "
                        "from the backup, or move the database away to begin with an empty "
                        "inventory",
                        key_file, database);
        }
        auto made = make_key(key_file);
        if (!made) {
            return tl::unexpected(made.error());
        }
        base::log::info("inventory",
                        "made {}, which opens the passwords in {}; back up both, apart from each "
                        "other",
                        key_file, database);
        *key = std::move(*made);
    }
    Sealer sealer(std::move(**key));
    if (*check) {
        if (!sealer.open(**check, check_place)) {
            return fail(Errc::refused,
                        "{} is not the key that {} was sealed with; put the right one from the "
                        "backup in its place",
                        key_file, database);
        }
    } else if (auto done = seal_all(connection, sealer); !done) {
        return tl::unexpected(done.error());
    }
    const auto unwiped = meta(connection, unwiped_name);
    if (!unwiped) {
        return tl::unexpected(unwiped.error());
    }
    if (*unwiped) {
        wipe(connection, database);
    }
    return sealer;
}

} // namespace inventory
