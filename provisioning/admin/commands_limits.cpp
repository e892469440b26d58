// SPDX-License-Identifier: MIT
// The command about who asks in vain too often: show penalties.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/tell.hpp"

#include <chrono>

namespace admin {

Reply run_show_penalties(Call& call) {
    using std::chrono::milliseconds;
    const auto penalties =
        call.reach.penalties ? call.reach.penalties() : std::vector<serve::Files::Penalty>();
    const auto now = call.reach.clock.unix_ms();
    const auto steady_now = call.reach.clock.now();
    // Penalties are counted by a clock that nobody sets; people read the other one.
    const auto at = [&](base::Steady then) {
        return now + std::chrono::duration_cast<milliseconds>(then - steady_now).count();
    };
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    for (const auto& [who, row] : penalties) {
        const bool is_shut = row.standing == serve::Standing::shut;
        const std::string_view standing = is_shut ? "shut out" : "slowed";
        const milliseconds left = std::chrono::duration_cast<milliseconds>(row.until - steady_now);
        rows.push_back({who, std::string(standing), std::to_string(row.misses),
                        std::to_string(row.held), ago(at(row.since), now),
                        fmt::format("in {} s", (left.count() + 999) / 1000)});
        base::Json json = base::Json::object({{"who", who},
                                              {"standing", standing},
                                              {"misses", std::uint64_t{row.misses}},
                                              {"held", std::uint64_t{row.held}}});
        set_time(json, "since", at(row.since));
        set_time(json, "until", at(row.until));
        list.push(std::move(json));
    }
    auto text = rows.empty()
                    ? std::string("Nobody is slowed or shut out.\n")
                    : table_text({"WHO", "IS", "MISSES", "UNHEARD", "SINCE", "ENDS"}, rows) +
                          "\nA valid URL is served all the same.\n";
    return done(std::move(text), base::Json::object({{"penalties", std::move(list)}}));
}

} // namespace admin
