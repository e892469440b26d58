// SPDX-License-Identifier: MIT
// The command about what a phone of the Workpoint Interface has, and should have: show items.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/jobs.hpp"
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/utf8.hpp"
#include "provisioning/wpi/difference.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace admin {
namespace {

using inventory::ItemKey;

constexpr std::string_view hidden = "********";
constexpr std::size_t widest = 48; // of a value in the table, in characters

struct Row {
    std::optional<std::string> has;   ///< as the phone said
    std::optional<std::string> wants; ///< the site
    std::string refused;              ///< the phone's word
    bool was_written = false;         ///< what the site wants: it was offered last
    bool is_secret = false;

    bool took() const noexcept { return was_written && refused.empty(); }
};

using Rows = std::map<ItemKey, Row>;

bool is_different(const ItemKey& key, const Row& row) {
    return row.wants &&
           (row.is_secret ? !row.took()
                          : !row.has || !wpi::is_same_value(key.name, *row.has, *row.wants));
}

/// In a word, for people and programs.
std::string_view state(const ItemKey& key, const Row& row) {
    if (!row.refused.empty()) {
        return "refused";
    }
    if (row.is_secret) {
        return row.took() ? "as we wrote it" : "not yet";
    }
    if (!is_different(key, row)) {
        return "";
    }
    return row.took() && row.has ? "changed at the phone" : "not yet";
}

std::string shortened(const std::string& value) {
    std::string out;
    std::size_t characters = 0;
    const auto shown = shown_name(value);
    for (std::size_t at = 0; at < shown.size();) {
        const auto length = std::max<std::size_t>(1, base::utf8_at(shown, at).length);
        if (++characters > widest) {
            return out + "…";
        }
        out += shown.substr(at, length);
        at += length;
    }
    return out;
}

Rows rows_of(const Reach& reach,
             const inventory::Workpoint& phone,
             const std::vector<wpi::Item>& wanted) {
    Rows rows;
    for (const auto& [key, value] : phone.reported) {
        rows[key].has = value;
    }
    const auto& workpoints = reach.inventory.workpoints();
    for (const auto& item : wanted) {
        const auto key = wpi::key_of(item);
        auto& row = rows[key];
        row.wants = item.value;
        const auto written = phone.written.find(key);
        row.was_written = written != phone.written.end() &&
                          written->second == workpoints.written_hash(phone.mac, key, item.value);
    }
    for (const auto& [key, word] : phone.refused) {
        rows[key].refused = word;
    }
    for (auto& [key, row] : rows) {
        if (wpi::is_secret(key.name)) { // whoever asks, and whatever was read
            row.is_secret = true;
            row.has.reset();
            row.wants = row.wants ? std::optional(std::string(hidden)) : std::nullopt;
        }
    }
    return rows;
}

std::vector<std::string> line_of(const ItemKey& key, const Row& row) {
    const auto remark = row.refused.empty() ? std::string(state(key, row))
                                            : fmt::format("refused: {}", shown_name(row.refused));
    return {word_of(key), row.is_secret ? std::string(hidden) : shortened(row.has.value_or("-")),
            !row.is_secret && is_different(key, row) ? shortened(*row.wants) : "", remark};
}

base::Json json_of(const ItemKey& key, const Row& row) {
    base::Json json = base::Json::object({{"name", key.name}, {"is_secret", row.is_secret}});
    json.set("index", key.index < 0 ? base::Json() : base::Json(key.index));
    json.set("value", row.has ? base::Json(*row.has) : base::Json());
    json.set("wanted", row.wants && !row.is_secret ? base::Json(*row.wants) : base::Json());
    json.set("state", state(key, row));
    json.set("refused", row.refused.empty() ? base::Json() : base::Json(row.refused));
    return json;
}

} // namespace

std::vector<std::string> items_not_given(const Reach& reach, const inventory::Device& device) {
    std::vector<std::string> names;
    const auto phone = reach.inventory.workpoints().find(device.mac);
    if (!phone || phone->last_contact == 0 || phone->must_read_all || !reach.wanted_items) {
        return names;
    }
    const auto wanted = reach.wanted_items(device);
    for (const auto& [key, row] :
         rows_of(reach, *phone, wanted ? *wanted : std::vector<wpi::Item>())) {
        if (is_different(key, row) && !row.was_written && row.refused.empty()) {
            names.push_back(word_of(key));
        }
    }
    return names;
}

Reply run_show_items(Call& call) {
    const auto mac = read_mac(call.places[0]);
    if (!mac) {
        return misunderstood(mac.error().what);
    }
    const auto* device = call.now.device(*mac);
    const auto phone = call.reach.inventory.workpoints().find(*mac);
    if (device == nullptr || !phone || phone->last_contact == 0) {
        const bool is_waited_for = device != nullptr && device->is_approved();
        return refused(fmt::format(
            "{} {}, so nothing is known of what it has; what to do: pnp "
            "explain {}",
            mac->str(), is_waited_for ? "has not called since it was approved" : "is not approved",
            mac->str()));
    }
    auto wanted =
        call.reach.wanted_items
            ? call.reach.wanted_items(*device)
            : base::Result<std::vector<wpi::Item>>(base::fail(
                  base::Errc::refused, "the Workpoint Interface is off: wpi = on in pnp.conf"));
    const auto rows = rows_of(call.reach, *phone, wanted ? *wanted : std::vector<wpi::Item>());
    std::vector<std::vector<std::string>> table;
    base::Json list = base::Json::array();
    std::vector<std::string> different;
    for (const auto& [key, row] : rows) {
        table.push_back(line_of(key, row));
        list.push(json_of(key, row));
        if (is_different(key, row)) {
            different.push_back(word_of(key));
        }
    }
    const auto now = call.reach.clock.unix_ms();
    std::string text =
        table.empty() ? std::string() : table_text({"ITEM", "IT HAS", "IT SHOULD HAVE", ""}, table);
    text +=
        fmt::format("{} as of its call {}{}.\n", counted(rows.size(), "item", "items"),
                    ago(phone->last_contact, now),
                    phone->must_read_all ? "; it is asked for all of them when it calls next" : "");
    if (!wanted) {
        text += fmt::format("What it should have cannot be told: {}\n", wanted.error().what);
    } else if (!different.empty()) {
        constexpr std::size_t most = 8;
        const auto more = different.size() > most ? different.size() - most : 0;
        different.resize(different.size() - more);
        if (more > 0) {
            different.push_back(counted(more, "other", "others"));
        }
        text += fmt::format("It should have other values of {}.\n", listed(different));
    }
    base::Json json = base::Json::object(
        {{"mac", mac->str()}, {"items", std::move(list)}, {"is_complete", !phone->must_read_all}});
    json.set("problem", wanted ? base::Json() : base::Json(wanted.error().what));
    set_contact(json, call.reach, phone.get(), now);
    return done(std::move(text), std::move(json));
}

} // namespace admin
