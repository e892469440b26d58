// SPDX-License-Identifier: MIT
// Keys each number at each line's plan.
#include "provisioning/profile/kx/numbers.hpp"

#include "provisioning/profile/kx/dialling.hpp"
#include "provisioning/profile/kx/rules.hpp"

#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace profile::kx {
namespace {

constexpr std::size_t most_named = 5;

/// Some numbers and how many more there are.
struct Group {
    std::vector<std::string> named;
    std::size_t count = 0;

    void add(std::string text) {
        if (count++ < most_named) {
            named.push_back(std::move(text));
        }
    }

    /// "201, 202 and 7 more".
    std::string str() const {
        const std::string more =
            count > named.size() ? fmt::format(" and {} more", count - named.size()) : "";
        return fmt::format("{}{}", fmt::join(named, ", "), more);
    }
};

struct Groups {
    Group unmatched; ///< by no part of the plan
    Group rejected;  ///< by a part with !
    Group cut;       ///< with what is called in their place
    Group ended;     ///< by their own #

    void sort(const DialPlan& plan, const DialSettings& settings, const std::string& number);
};

void Groups::sort(const DialPlan& plan, const DialSettings& settings, const std::string& number) {
    Dialling dialling(plan, settings);
    std::size_t keyed = 0;
    while (keyed < number.size() && dialling.now().kind == Dialled::Kind::waiting) {
        dialling.press(number[keyed++]);
    }
    const Dialled done = dialling.end();
    const std::string digits = number.substr(0, keyed);
    const bool is_ended = settings.pound_key_delimiter && keyed > 1 && digits.back() == '#';
    if (is_ended) {
        ended.add(number);
    } else if (done.kind == Dialled::Kind::called) {
        if (keyed < number.size()) {
            cut.add(fmt::format("{} ({} is called)", number, done.number));
        }
    } else {
        const auto kind = plan.match(digits).kind;
        const bool is_rejected = kind == Match::Kind::reject || kind == Match::Kind::reject_later;
        (is_rejected ? rejected : unmatched).add(number);
    }
}

void check_line(const Sent& sent,
                unsigned n,
                const std::vector<std::string>& numbers,
                Report& report) {
    const Effective* written = sent.find(fmt::format("DIAL_PLAN_{}", n));
    const auto plan = DialPlan::parse(written->value);
    if (!plan) {
        return;
    }
    DialSettings settings;
    const std::string blocks = fmt::format("DIAL_PLAN_NOT_MATCH_ENABLE_{}", n);
    settings.not_match_enable = sent.value(blocks) == "Y";
    settings.pound_key_delimiter = sent.value("POUND_KEY_DELIMITER_ENABLE") != "N";
    Groups groups;
    for (const std::string& number : numbers) {
        if (!number.empty() && number.find_first_not_of(dial_keys) == std::string::npos) {
            groups.sort(*plan, settings, number);
        }
    }
    const auto warn = [&](const Group& group, std::string_view text) {
        if (group.count > 0) {
            report.add(Severity::warning, "R-DIALPLAN", spot_of(*written),
                       fmt::format(fmt::runtime(text), group.str(), blocks), dial_plan_section);
        }
    };
    warn(groups.unmatched,
         "fits no call to {}, and {} is Y, so it is denied; add a part that fits");
    warn(groups.rejected, "denies a call to {} by a part with !");
    warn(groups.cut, "cannot be keyed to the end: {}; end the shorter part with T or narrow it");
    warn(groups.ended,
         "# ends dialling, so nobody can key {} while POUND_KEY_DELIMITER_ENABLE is Y");
}

} // namespace

std::vector<Finding> check_numbers(const std::vector<NamedFile>& files,
                                   const std::vector<std::string>& numbers) {
    const auto settings = effective(files);
    const Sent sent(settings);
    Report report;
    std::set<std::pair<std::string_view, bool>> seen;
    for (unsigned n = 1; n <= most_lines; ++n) {
        const std::string_view plan = sent.said(fmt::format("DIAL_PLAN_{}", n));
        const bool blocks = sent.value(fmt::format("DIAL_PLAN_NOT_MATCH_ENABLE_{}", n)) == "Y";
        if (!plan.empty() && seen.emplace(plan, blocks).second) {
            check_line(sent, n, numbers, report);
        }
    }
    return report.take();
}

} // namespace profile::kx
