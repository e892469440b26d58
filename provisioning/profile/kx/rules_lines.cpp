// SPDX-License-Identifier: MIT
// The rules about lines, their sound, and the flexible buttons.
#include "provisioning/profile/kx/rules.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/profile/kx/dial_plan.hpp"
#include "provisioning/profile/kx/table.hpp"
#include "provisioning/profile/kx/value.hpp"

#include <array>

#include <fmt/format.h>

namespace profile::kx {
namespace {

void add(Report& report,
         Severity severity,
         std::string_view rule,
         const Effective& at,
         std::string what,
         std::string_view section = {}) { // empty: the setting's own
    const Known* known = Table::shipped().find(at.name);
    report.add(severity, rule, spot_of(at), std::move(what),
               section.empty() ? known->row->section : section);
}

/// "SIP_URI_1" of "SIP_URI_" and 1.
std::string named(std::string_view stem, unsigned n) {
    return fmt::format("{}{}", stem, n);
}

void check_shared(const Sent& sent, unsigned n, Report& report) {
    const Effective* shared = sent.find(named("SHARED_CALL_ENABLE_", n));
    const Effective* synchro = sent.find(named("FWD_DND_SYNCHRO_ENABLE_", n));
    if (shared != nullptr && synchro != nullptr && shared->value == "Y" && synchro->value == "Y") {
        add(report, Severity::error, "R-SHARED", *synchro,
            fmt::format("may not be Y together with {}", shared->name));
    }
}

void check_line(const Sent& sent, unsigned n, bool is_whole_phone, Report& report) {
    const Effective* user = sent.find(named("PHONE_NUMBER_", n));
    const Effective* uri = sent.find(named("SIP_URI_", n));
    const bool has_user =
        (user != nullptr && !user->value.empty()) || (uri != nullptr && !uri->value.empty());
    for (const char* stem : {"LINE_ENABLE_", "PROFILE_ENABLE"}) {
        const Effective* enable = sent.find(named(stem, n));
        if (enable != nullptr && enable->value == "Disabled" && has_user) {
            add(report, Severity::warning, "R-LINE", *enable,
                fmt::format("keeps line {} from working, which has a number", n));
        }
    }
    const Effective* id = sent.find(named("SIP_AUTHID_", n));
    if (is_whole_phone && id != nullptr && !id->value.empty() && !has_user) {
        add(report, Severity::warning, "R-LINE", *id,
            fmt::format("line {} does not register without PHONE_NUMBER_{} or SIP_URI_{}", n, n,
                        n));
    }
}

void check_unmatched(const Sent& sent, unsigned n, bool is_whole_phone, Report& report) {
    const Effective* blocks = sent.find(named("DIAL_PLAN_NOT_MATCH_ENABLE_", n));
    if (blocks != nullptr && blocks->value == "Y" && sent.value(named("DIAL_PLAN_", n)).empty()) {
        add(report, is_whole_phone ? Severity::warning : Severity::info, "R-DIALPLAN", *blocks,
            fmt::format("denies every call unless DIAL_PLAN_{} says which are allowed", n),
            dial_plan_section);
    }
}

/// The port may not be that of the phone's web server either, nor an RTP port set on its web page
/// or one above it (guide §4.6.2.5); no file sets those, so that is for the page to refuse.
void check_source_ports(const Sent& sent, Report& report) {
    for (unsigned n = 1; n <= most_lines; ++n) {
        const std::string name = named("SIP_SRC_PORT_", n);
        for (unsigned other = 1; other <= most_lines; ++other) {
            const std::string other_name = named("SIP_SRC_PORT_", other);
            const Effective* one = sent.find(name);
            // Of two that are both written, the later line is told.
            const bool is_told = one != nullptr && (other < n || sent.find(other_name) == nullptr);
            if (other != n && is_told && sent.number(name) &&
                sent.number(name) == sent.number(other_name)) {
                add(report, Severity::error, "R-SRCPORT", *one,
                    fmt::format("is the port of {} too; every line needs its own", other_name),
                    "§4.6.2.5");
                break;
            }
        }
    }
}

void check_codecs(const Sent& sent, Report& report) {
    constexpr std::array<unsigned, 4> codecs{0, 1, 3, 4}; // guide §5.7.1
    unsigned wide = 0;                                    // a line with G.722
    for (unsigned n = most_lines; n >= 1; --n) {
        bool has_any = false;
        const Effective* last = nullptr;
        for (const unsigned codec : codecs) {
            const std::string name = fmt::format("CODEC_ENABLE{}_{}", codec, n);
            const bool is_on = sent.value(name) != "N";
            has_any = has_any || is_on;
            last = sent.find(name) != nullptr ? sent.find(name) : last;
            if (codec == 0 && is_on && sent.value(named("LINE_ENABLE_", n)) != "Disabled") {
                wide = n;
            }
        }
        if (!has_any && last != nullptr) {
            add(report, Severity::warning, "R-CODEC", *last,
                fmt::format("line {} has no codec left", n));
        }
    }
    const Effective* time = sent.find("RTP_PTIME");
    if (time != nullptr && time->value == "30" && wide != 0) {
        add(report, Severity::warning, "R-CODEC", *time,
            fmt::format(
                "30 does not go with G.722, which line {} has; write CODEC_ENABLE0_{}=\"N\"", wide,
                wide));
    }
}

void check_jitter(const Sent& sent, unsigned n, Report& report) {
    const std::string max_name = named("MAX_DELAY_", n);
    const std::string nom_name = named("NOM_DELAY_", n);
    const std::string min_name = named("MIN_DELAY_", n);
    const Effective* at = sent.first_of({nom_name, max_name, min_name});
    const auto max = sent.number(max_name);
    const auto nom = sent.number(nom_name);
    const auto min = sent.number(min_name);
    if (at == nullptr || !max || !nom || !min) {
        return;
    }
    const auto wrong = [&](std::string_view what) {
        add(report, Severity::error, "R-JITTER", *at,
            fmt::format("{}; what no file sets counts with its default", what));
    };
    if (*max <= *nom) {
        wrong(fmt::format("{} must be above {}", max_name, nom_name));
    } else if (*max <= *min) {
        wrong(fmt::format("{} must be above {}", max_name, min_name));
    } else if (*nom < *min) {
        wrong(fmt::format("{} may not be below {}", nom_name, min_name));
    }
}

void check_rtp_ports(const Sent& sent, Report& report) {
    constexpr std::int64_t least_ports = 400; // guide §5.7.2
    const Effective* at = sent.first_of({"RTP_PORT_MAX", "RTP_PORT_MIN"});
    const auto min = sent.number("RTP_PORT_MIN");
    const auto max = sent.number("RTP_PORT_MAX");
    if (at != nullptr && min && max && *max - *min < least_ports) {
        add(report, Severity::error, "R-RTPPORT", *at,
            fmt::format("RTP_PORT_MAX must be at least {} above RTP_PORT_MIN", least_ports));
    }
}

constexpr std::string_view line_button = "X_PANASONIC_IPTEL_DN";
constexpr std::string_view headset_button = "X_PANASONIC_IPTEL_HEADSET";
constexpr std::string_view state_button = "X_PANASONIC_IPTEL_CONTACT";
constexpr std::string_view dial_button = "X_PANASONIC_IPTEL_ONETOUCH";

bool is_in(std::string_view text, std::uint64_t least, std::uint64_t most) {
    const auto number = base::parse_number(text);
    return number && *number >= least && *number <= most && text.size() <= 2;
}

void check_line_button(const Effective& at, std::string_view argument, Report& report) {
    const auto comma = argument.find(',');
    if (comma == std::string_view::npos || !is_in(argument.substr(0, comma), 1, 32) ||
        !is_in(argument.substr(comma + 1), 1, most_lines)) {
        add(report, Severity::error, "R-FLEX", at,
            "a line button takes a ring tone, 1 to 32, a comma and a line, 1 to 6: 1,1");
    }
}

void check_number_button(const Effective& at, std::string_view number, Report& report) {
    if (number.empty() || number.find_first_not_of("0123456789*#+") != std::string_view::npos) {
        add(report, Severity::error, "R-FLEX", at, "this button takes a number of 1 to 32 digits");
    } else if (number.find_first_of("*#+") != std::string_view::npos) {
        add(report, Severity::warning, "R-FLEX", at,
            "the guide does not say that *, # and + count as digits here");
    }
}

void check_button(const Sent& sent, unsigned x, Report& report) {
    const std::string action_name = named("FLEX_BUTTON_FACILITY_ACT", x);
    const std::string argument_name = named("FLEX_BUTTON_FACILITY_ARG", x);
    const Effective* written = sent.find(argument_name);
    const std::string_view action = sent.value(action_name);
    if (action == headset_button) {
        if (written != nullptr && !written->value.empty()) {
            add(report, Severity::warning, "R-FLEX", *written, "a headset button takes nothing");
        }
        return;
    }
    if (written == nullptr) {
        const Effective* set = sent.find(action_name);
        if (set != nullptr && (action == state_button || action == dial_button)) {
            add(report, Severity::warning, "R-FLEX", *set,
                fmt::format("this button needs a number in {}", argument_name));
        }
        return;
    }
    if (action == line_button) {
        check_line_button(*written, written->value, report);
    } else if (action == state_button || action == dial_button) {
        check_number_button(*written, written->value, report);
    }
}

void check_state_buttons(const Sent& sent, Report& report) {
    bool has_list = false;
    for (unsigned n = 1; n <= most_lines; ++n) {
        has_list = has_list || !sent.said(named("RESOURCELIST_URI_", n)).empty();
    }
    const bool has_pickup = !sent.said("NUM_PLAN_PICKUP_DIRECT").empty();
    for (unsigned x = 1; x <= most_buttons; ++x) {
        const Effective* action = sent.find(named("FLEX_BUTTON_FACILITY_ACT", x));
        if (action == nullptr || action->value != state_button || (has_list && has_pickup)) {
            continue;
        }
        add(report, Severity::info, "R-BLF", *action,
            fmt::format("shows states{}{}",
                        has_list ? "" : "; a PBX with a resource list wants RESOURCELIST_URI_n",
                        has_pickup ? "" : "; to pick calls up, set NUM_PLAN_PICKUP_DIRECT"));
        return; // once is enough
    }
}

} // namespace

void check_lines(const Sent& sent, bool is_whole_phone, Report& report) {
    for (unsigned n = 1; n <= most_lines; ++n) {
        check_shared(sent, n, report);
        check_line(sent, n, is_whole_phone, report);
        check_unmatched(sent, n, is_whole_phone, report);
    }
    check_source_ports(sent, report);
}

void check_media(const Sent& sent, Report& report) {
    check_codecs(sent, report);
    for (unsigned n = 1; n <= most_lines; ++n) {
        check_jitter(sent, n, report);
    }
    check_rtp_ports(sent, report);
}

void check_buttons(const Sent& sent, Report& report) {
    for (unsigned x = 1; x <= most_buttons; ++x) {
        check_button(sent, x, report);
    }
    check_state_buttons(sent, report);
}

} // namespace profile::kx
