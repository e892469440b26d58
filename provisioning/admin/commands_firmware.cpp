// SPDX-License-Identifier: MIT
// The command about how far the roll-out of firmware is: show firmware.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/tell.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace admin {
namespace {

using serve::Turn;
using UpgradeRow = serve::Upgrades::Row;

const std::vector<base::Mac>& those(const UpgradeRow& row, Turn turn) {
    static const std::vector<base::Mac> none;
    const auto found = row.who.find(turn);
    return found == row.who.end() ? none : found->second;
}

std::string how_many(const UpgradeRow& row, Turn turn) {
    return std::to_string(those(row, turn).size());
}

base::Json macs(const std::vector<base::Mac>& all) {
    base::Json list = base::Json::array();
    for (const auto mac : all) {
        list.push(mac.str());
    }
    return list;
}

/// "0080f0000001, 0080f0000002 and 7 more".
std::string some(const std::vector<base::Mac>& all) {
    constexpr std::size_t enough = 10;
    std::string text;
    for (std::size_t i = 0; i < std::min(all.size(), enough); ++i) {
        text += (i == 0 ? "" : ", ") + all[i].str();
    }
    return all.size() > enough ? fmt::format("{} and {} more", text, all.size() - enough) : text;
}

/// What keeps it from going on, and what to do.
std::string remarks(const UpgradeRow& row) {
    const auto name = shown_name(row.firmware.name);
    std::string text;
    if (!row.problem.empty()) {
        text += fmt::format("{}: {}; nobody is told of it.\n", name, row.problem);
    }
    if (row.firmware.at_a_time == 0) {
        text += fmt::format("{} is held: at_a_time = 0.\n", name);
    }
    if (const auto& failed = those(row, Turn::failed); !failed.empty()) {
        text += fmt::format("{}: {} did not come back with {} in time. Each is told again after a "
                            "day, or now by: pnp resync MAC\n",
                            name, some(failed), row.firmware.version);
    }
    if (const auto& unknown = those(row, Turn::unknown); !unknown.empty()) {
        text += fmt::format("{}: {} said no version in the User-Agent, and so cannot be told of "
                            "it.\n",
                            name, some(unknown));
    }
    if (const auto& by_https = those(row, Turn::by_https); !by_https.empty()) {
        text +=
            fmt::format("{}: {} get their files by HTTPS and are not told of it: firmware comes "
                        "to such phones by HTTP only, which would give their token away.\n",
                        name, some(by_https));
    }
    return text;
}

} // namespace

Reply run_show_firmware(Call& call) {
    const auto all = call.reach.firmware ? call.reach.firmware() : std::vector<UpgradeRow>();
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    std::string remarked;
    for (const auto& row : all) {
        const auto have = those(row, Turn::has).size() + those(row, Turn::newer).size();
        rows.push_back(
            {shown_name(row.firmware.name), row.firmware.version, row.firmware.file,
             row.problem.empty() ? std::to_string(row.size) : "-", std::to_string(have),
             fmt::format("{} of {}", those(row, Turn::on_way).size(), row.firmware.at_a_time),
             how_many(row, Turn::waits), how_many(row, Turn::failed)});
        remarked += remarks(row);
        base::Json json = base::Json::object({{"firmware", row.firmware.name},
                                              {"version", row.firmware.version},
                                              {"file", row.firmware.file},
                                              {"at_a_time", std::uint64_t{row.firmware.at_a_time}},
                                              {"problem", row.problem}});
        json.set("size", row.problem.empty() ? base::Json(row.size) : base::Json());
        for (const auto& [word, turn] : {std::pair<std::string_view, Turn>("has", Turn::has),
                                         {"newer", Turn::newer},
                                         {"on_way", Turn::on_way},
                                         {"waits", Turn::waits},
                                         {"failed", Turn::failed},
                                         {"unknown", Turn::unknown},
                                         {"by_https", Turn::by_https}}) {
            json.set(word, macs(those(row, turn)));
        }
        list.push(std::move(json));
    }
    auto text = rows.empty() ? std::string("pnp.conf has no section [firmware NAME].\n")
                             : table_text({"FIRMWARE", "VERSION", "FILE", "BYTES", "HAVE IT",
                                           "ON THEIR WAY", "WAIT", "FAILED"},
                                          rows);
    return done(std::move(text) + remarked, base::Json::object({{"firmware", std::move(list)}}));
}

} // namespace admin
