// SPDX-License-Identifier: MIT
// The command that looks for other servers that answer phones.
#include "provisioning/admin/command.hpp"

#include <fmt/format.h>

namespace admin {

Reply run_probe(Call& call) {
    const auto rivals = call.reach.probe();
    if (!rivals) {
        return refused(rivals.error());
    }
    base::Json list = base::Json::array();
    std::string text;
    for (const pnp::Rival& rival : *rivals) {
        text += rival.sentence() + "\n";
        list.push(base::Json::object({{"address", rival.address.str()},
                                      {"interface", rival.interface},
                                      {"user_agent", rival.user_agent},
                                      {"url_host", rival.url_host}}));
    }
    if (rivals->empty()) {
        text = "Nobody else answers phones here.\n";
    } else {
        text += "A phone follows whoever is first: switch the others off, or let them leave these "
                "phones to us.\n";
    }
    return done(std::move(text), base::Json::object({{"rivals", std::move(list)}}));
}

} // namespace admin
