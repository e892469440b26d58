// SPDX-License-Identifier: MIT
// The command that shows what phones would be told of the PBX's numbers: dialplan.
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/tell.hpp"

#include "dialplan/digit_map.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace admin {
namespace {

std::string indented(const std::vector<std::string>& lines, std::string_view name) {
    std::string text;
    for (const auto& line : lines) {
        text += fmt::format("  {:<6} {}\n", text.empty() ? name : "", line);
    }
    return text;
}

struct Shown {
    std::string text;
    base::Json json;
};

Shown shown(std::string_view vendor, const dialplan::DigitMap& map) {
    const auto text =
        fmt::format("{}:\n  {:<6} {}\n{}{}", vendor, "map", map.text.empty() ? "none" : map.text,
                    indented(map.waits, "waits"), indented(map.notes, "note"));
    auto json = base::Json::object({{"vendor", std::string(vendor)},
                                    {"map", map.text},
                                    {"refuses_others", map.refuses_others}});
    json.set("waits", json_list(map.waits));
    json.set("notes", json_list(map.notes));
    return {text, std::move(json)};
}

/// What a phone with this map makes of numbers.
Shown tried(std::string_view vendor,
            const dialplan::DigitMap& map,
            const std::vector<std::string>& all) {
    Shown shown{"", base::Json::array()};
    for (const auto& number : all) {
        const auto does = dialplan::dial(vendor, map.text, number);
        shown.text +=
            does.number.empty()
                ? fmt::format("  {:<6} {}: {}\n", "keyed", number, does.how)
                : fmt::format("  {:<6} {}: calls {}, {}\n", "keyed", number, does.number, does.how);
        shown.json.push(
            base::Json::object({{"keyed", number}, {"calls", does.number}, {"how", does.how}}));
    }
    return shown;
}

/// What the PBX makes of them.
Shown judged(const dialplan::NumberPlan& plan,
             std::string_view context,
             const std::vector<std::string>& all) {
    Shown shown{"", base::Json::array()};
    for (const auto& number : all) {
        const auto fit = dialplan::fit(plan, context, number);
        const std::string says(dialplan::words_of(fit.fit));
        shown.text += fmt::format(
            "{} in the PBX: {}{}\n", number, says,
            fit.number.empty() ? "" : fmt::format(" ({} in {})", fit.number, fit.context));
        shown.json.push(base::Json::object({{"number", number},
                                            {"says", says},
                                            {"extension", fit.number},
                                            {"context", fit.context}}));
    }
    return shown;
}

/// NUMBER,NUMBER; the error names the first that is none.
base::Result<std::vector<std::string>> numbers_of(std::string_view text) {
    std::vector<std::string> numbers;
    for (const auto part : base::split(text, ',')) {
        if (part.empty() || part.find_first_not_of(dialplan::keypad) != part.npos) {
            return base::fail(base::Errc::malformed,
                              "'{}' cannot be keyed on a phone: write digits, *, # and +",
                              base::printable(part, 40));
        }
        numbers.emplace_back(part);
    }
    return numbers;
}

} // namespace

Reply run_dialplan(Call& call) {
    const auto numbers = numbers_of(call.has("--try") ? call.options["--try"] : "");
    if (!numbers) {
        return misunderstood(numbers.error().what);
    }
    if (!call.reach.number_plan) {
        return refused("no dial plan is known here");
    }
    const auto plan = call.reach.number_plan();
    if (!plan) {
        return refused(plan.error());
    }
    const auto& context = call.places[0];
    const dialplan::DigitMapWishes wishes{
        call.reach.emergency_numbers ? call.reach.emergency_numbers() : std::vector<std::string>(),
        call.has("--block")};
    auto vendors = dialplan::digit_map_vendors();
    if (call.has("--vendor")) {
        vendors = {call.options["--vendor"]};
    }
    std::string text;
    base::Json list = base::Json::array();
    for (const auto vendor : vendors) {
        const auto map = dialplan::digit_map(vendor, **plan, context, wishes);
        if (!map) {
            return refused(map.error());
        }
        auto row = shown(vendor, *map);
        auto phone = tried(vendor, *map, *numbers);
        text += row.text + phone.text;
        row.json.set("keyed", std::move(phone.json));
        list.push(std::move(row.json));
    }
    auto pbx = judged(**plan, context, *numbers);
    auto json = base::Json::object({{"context", context}});
    json.set("maps", std::move(list));
    json.set("pbx", std::move(pbx.json));
    return done(text + pbx.text, std::move(json));
}

} // namespace admin
