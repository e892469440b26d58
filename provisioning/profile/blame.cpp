// SPDX-License-Identifier: MIT
// Tries one field of one extension after the other beside harmless ones.
#include "provisioning/profile/blame.hpp"

#include <array>

#include <fmt/format.h>

namespace profile {
namespace {

struct Field {
    const char* name;
    void (*copy)(Account& to, const Account& from);
};

constexpr std::array<Field, 4> fields{{
    {"number", [](Account& to, const Account& from) { to.number = from.number; }},
    {"name", [](Account& to, const Account& from) { to.name = from.name; }},
    {"password", [](Account& to, const Account& from) { to.password = from.password; }},
    {"user", [](Account& to, const Account& from) { to.user = from.user; }},
}};

} // namespace

std::optional<std::string> blamed(const Facts& facts,
                                  const std::function<base::Status(const Facts&)>& tries) {
    Facts harmless = facts;
    for (Account& account : harmless.accounts) {
        account = {"201", "201", base::Secret("secret")};
    }
    if (!tries(harmless)) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < facts.accounts.size(); ++i) {
        for (const Field& field : fields) {
            Facts one = harmless;
            field.copy(one.accounts[i], facts.accounts[i]);
            if (const auto good = tries(one); !good) {
                return fmt::format("line {} is extension {}: its {} does not fit ({})", i + 1,
                                   facts.accounts[i].number, field.name, good.error().what);
            }
        }
    }
    return std::nullopt;
}

} // namespace profile
