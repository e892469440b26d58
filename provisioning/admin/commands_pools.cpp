// SPDX-License-Identifier: MIT
// The command about the pools that phones are given numbers from: show pools.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/pools.hpp"
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/text.hpp"

#include <fmt/format.h>

namespace admin {

Reply run_show_pools(Call& call) {
    const auto pools = call.reach.pools ? call.reach.pools() : std::vector<inventory::Pool>();
    if (pools.empty()) {
        return done("pnp.conf has no pool. To have one, write into its [general], and reload: pool "
                    "sales = 200-299\n",
                    base::Json::object({{"pools", base::Json::array()}}));
    }
    const auto numbers = all_numbers(call);
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    std::string used_up;
    for (const auto& pool : pools) {
        const auto left = count(call, pool, numbers);
        rows.push_back({pool.name, pool.numbers(), std::to_string(left.extensions),
                        std::to_string(left.on_phones), std::to_string(left.in_quarantine),
                        std::to_string(left.free), left.next.empty() ? "-" : left.next});
        if (const auto why = why_none(call, pool, left); !why.empty()) {
            used_up += fmt::format("{}: {}\n", pool.name, why);
        }
        base::Json row = base::Json::object({{"pool", pool.name},
                                             {"numbers", pool.numbers()},
                                             {"extensions", std::uint64_t{left.extensions}},
                                             {"on_phones", std::uint64_t{left.on_phones}},
                                             {"quarantine", std::uint64_t{left.in_quarantine}},
                                             {"free", std::uint64_t{left.free}}});
        row.set("next", left.next.empty() ? base::Json() : base::Json(left.next));
        list.push(std::move(row));
    }
    return done(
        table_text({"POOL", "NUMBERS", "EXTENSIONS", "ON PHONES", "QUARANTINE", "FREE", "NEXT"},
                   rows) +
            used_up +
            fmt::format("A number that no phone has any more is kept from others for {} "
                        "(pool_quarantine).\nTo give a phone the next one: pnp assign MAC @{}\n",
                        base::format_duration(pools.front().quarantine), pools.front().name),
        base::Json::object({{"pools", std::move(list)}}));
}

} // namespace admin
