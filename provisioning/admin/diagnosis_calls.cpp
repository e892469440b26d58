// SPDX-License-Identifier: MIT
// Phones that call by the Workpoint Interface, and what they did not do or get.
#include "provisioning/admin/diagnosis.hpp"
#include "provisioning/admin/jobs.hpp"
#include "provisioning/admin/tell.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/wpi/items.hpp"
#include "provisioning/wpi/difference.hpp"
#include "provisioning/wpi/release.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace admin {
namespace {

using inventory::Job;
using inventory::JobState;
using inventory::Stage;
using inventory::Step;

constexpr base::UnixMs is_news = 24LL * 60 * minute; // a job that failed
constexpr std::size_t most_named = 5;

std::string called(const Facts& f) {
    return ago(f.last_contact(), f.around.now);
}

std::string its_poll(const Facts& f) {
    return fmt::format("it polls, and comes {}", due(*f.around.calls.next_poll, f.around.now));
}

/// What brings it here, where nothing waits for it yet.
std::string let_it_call(const Facts& f) {
    return fmt::format("pnp resync {} makes it call{}; so does a restart of the phone.", f.mac(),
                       f.is_polling() ? " (" + its_poll(f) + ")" : "");
}

/// Where something waits.
std::string wait_for_it(const Facts& f) {
    if (f.is_polling()) {
        return fmt::format("Wait: {}.", its_poll(f));
    }
    if (f.around.calls.phone->reached != inventory::Reached::by_poll) {
        return "Wait: it is asked to call. Later than some minutes: restart the phone.";
    }
    return fmt::format("It does not come when it is asked to, and {}. {}Restart the phone.",
                       f.around.calls.phone->last_poll == 0 ? "it never polled"
                                                            : "it has not polled for long",
                       f.around.calls.polls == 0
                           ? ""
                           : fmt::format("Does a firewall keep TCP port {} here away from it? ",
                                         f.around.calls.polls));
}

// --- Passwords -----------------------------------------------------------------------------------

bool is_without_passwords(const Facts& f) {
    return f.is_newer(Step::secret_withheld, {Step::secret_sent});
}

std::string without_passwords(const Facts& f) {
    return fmt::format("It called, and was not given its passwords ({}).",
                       until_semicolon(f.detail(Step::secret_withheld)));
}

// --- Jobs ----------------------------------------------------------------------------------------

std::vector<const Job*> open_jobs(const Facts& f) {
    std::vector<const Job*> open;
    for (const auto& job : f.around.calls.jobs) {
        if (!has_ended(job.state)) {
            open.push_back(&job);
        }
    }
    return open;
}

const Job* busy_job(const Facts& f) {
    for (const auto* job : open_jobs(f)) {
        if (job->state == JobState::waiting && job->result.find("busy") != std::string::npos) {
            return job;
        }
    }
    return nullptr;
}

/// The last one that ended, where it ended badly a short while ago, and nothing was ordered since.
const Job* lost_job(const Facts& f) {
    const auto& jobs = f.around.calls.jobs;
    const auto last =
        std::max_element(jobs.begin(), jobs.end(), [](const Job& one, const Job& other) {
            return std::pair(one.changed, one.id) < std::pair(other.changed, other.id);
        });
    const bool is_lost = last != jobs.end() &&
                         (last->state == JobState::failed || last->state == JobState::given_up) &&
                         !last->result.starts_with("cancelled") &&
                         f.around.now - last->changed < is_news;
    return is_lost && open_jobs(f).empty() ? &*last : nullptr;
}

// --- Items ---------------------------------------------------------------------------------------

/// Those of which `is_for_good` says so: it will never take them, or it may take another value.
std::vector<std::string> refused(const Facts& f, bool for_good) {
    std::vector<std::string> out;
    if (!f.around.calls.phone) {
        return out;
    }
    std::size_t more = 0;
    for (const auto& [key, word] : f.around.calls.phone->refused) {
        if (wpi::is_for_good(word) != for_good) {
            continue;
        }
        if (out.size() == most_named) {
            ++more;
        } else {
            out.push_back(fmt::format("{} ({})", wpi::str(key), shown_name(word)));
        }
    }
    if (more > 0) {
        out.push_back(counted(more, "other", "others"));
    }
    return out;
}

std::vector<std::string> first_of(std::vector<std::string> names) {
    if (names.size() > most_named) {
        const auto more = names.size() - most_named;
        names.resize(most_named);
        names.push_back(counted(more, "other", "others"));
    }
    return names;
}

/// Nothing but passwords is missing, which it got by a window before.
bool needs_window(const Facts& f) {
    const auto& names = f.around.calls.not_given;
    return f.around.calls.window != Calls::Window::open &&
           f.detail_has(Step::secret_sent, "window") &&
           std::all_of(names.begin(), names.end(), [](const std::string& name) {
               return wpi::is_secret(name.substr(0, name.find('.')));
           });
}

bool does_not_poll_as_told(const Facts& f) {
    const auto& refused = f.around.calls.phone->refused;
    return f.around.calls.phone->reached != inventory::Reached::by_contact_me &&
           std::any_of(refused.begin(), refused.end(),
                       [](const auto& one) { return one.first.name.starts_with("dcmp"); });
}

bool was_busy(const Facts& f) {
    return busy_job(f) != nullptr || (f.is_newer(Step::items_refused, {Step::called}) &&
                                      f.detail_has(Step::items_refused, "busy"));
}

constexpr Rule calls_rules[] = {
    {[](const Facts& f) { return !f.around.calls.is_on && !f.is_registered(); },
     [](const Facts&) {
         return std::string("The Workpoint Interface is off here, so it cannot call.");
     },
     [](const Facts&) {
         return std::string("Write wpi = on into pnp.conf, then: pnp reload. Then restart the "
                            "phone: it calls when it starts.");
     }},

    {[](const Facts& f) { return f.last_contact() == 0 && f.happened(Step::called); },
     [](const Facts& f) {
         return fmt::format("It called {}, and not since it was approved, so it was told nothing "
                            "yet.",
                            ago(f.around.now - f.since(Step::called), f.around.now));
     },
     [](const Facts&) {
         return std::string("Unplug the phone and plug it in again: it calls when it starts.");
     }},

    {[](const Facts& f) { return f.last_contact() == 0; },
     [](const Facts&) { return std::string("It is approved, and never called."); }, how_to_call},

    {[](const Facts& f) {
         return f.is_newer(Step::file_refused, {Step::called, Step::assigned}) &&
                f.detail_has(Step::file_refused, "items cannot be made");
     },
     [](const Facts& f) {
         return fmt::format("It called {}, and could not be told what it should have: {}.",
                            called(f), f.detail(Step::file_refused));
     },
     [](const Facts&) {
         return std::string("Correct the template or the value it names, then: pnp reload. The "
                            "phone is told with its next call.");
     }},

    {[](const Facts& f) {
         return is_without_passwords(f) && f.around.calls.window == Calls::Window::spent;
     },
     [](const Facts&) {
         return std::string("It called, and was not given its passwords: its enrolment window gave "
                            "them once already.");
     },
     [](const Facts& f) {
         return fmt::format(
             "Was it reset since, or given another password? Then open a new one: "
             "pnp enrol {} 30m --from NETWORK. If not, somebody else may have called "
             "in its name: change the password in the PBX first.",
             f.mac());
     }},

    {[](const Facts& f) {
         return is_without_passwords(f) && f.around.calls.window == Calls::Window::open;
     },
     without_passwords,
     [](const Facts& f) {
         return fmt::format("An enrolment window is open for it now, for one call. {}",
                            wait_for_it(f));
     }},

    {[](const Facts& f) {
         return is_without_passwords(f) && f.detail_has(Step::secret_withheld, "enrol");
     },
     without_passwords,
     [](const Facts& f) {
         return fmt::format("Over a router nothing shows that it is this phone, so somebody has to "
                            "say when: pnp enrol {} 30m --from NETWORK, with the one that {} is "
                            "in. {}",
                            f.mac(), f.address(Step::secret_withheld),
                            f.is_polling()
                                ? "It comes after its next poll."
                                : "It is asked to call then; if it does not come, restart it.");
     }},

    {is_without_passwords, without_passwords,
     [](const Facts& f) { return fmt::format("Correct that first. Then: {}", let_it_call(f)); }},

    {[](const Facts& f) { return f.is_newer(Step::poll_unheeded, {Step::called}); },
     [](const Facts& f) {
         return fmt::format("It polls, is told to call, and does not (since {}).",
                            local_time(f.last(Step::poll_unheeded)->first, f.around.now));
     },
     [](const Facts& f) {
         return fmt::format("A firewall that lets port {} pass has to let TCP port {} pass, too. "
                            "Does the phone's own page show our address and that port as its DLS "
                            "server? Or is it in a call?",
                            f.around.calls.polls, f.around.calls.port);
     }},

    {[](const Facts& f) {
         return f.is_newer(Step::contact_failed, {Step::called}) && !f.is_polling();
     },
     [](const Facts& f) {
         return fmt::format("It does not come when it is asked to call ({}), and it does not poll.",
                            f.detail(Step::contact_failed));
     },
     [](const Facts& f) {
         return f.around.calls.polls == 0
                    ? std::string("Does a firewall or a NAT keep us away from its TCP port 8085? "
                                  "Then it has to poll: set wpi_poll_port in pnp.conf, pnp reload, "
                                  "and restart the phone.")
                    : fmt::format("Does a firewall or a NAT keep us away from its TCP port 8085? "
                                  "Then restart the phone: it is told to poll when it starts, for "
                                  "which it has to reach TCP port {} here.",
                                  f.around.calls.polls);
     }},

    {was_busy,
     [](const Facts& f) {
         const auto* job = busy_job(f);
         return fmt::format("It was in a call and took nothing{}.",
                            job == nullptr ? ""
                                           : fmt::format(", so job {} ({}) waits", job->id,
                                                         inventory::describe(*job)));
     },
     [](const Facts& f) {
         const auto& firmware = f.device.seen.version;
         if (wpi::remembers_to_call(firmware)) {
             return std::string("Wait: it calls by itself when it is idle.");
         }
         return fmt::format(
             "Wait: its firmware{} does not say when it is idle, which came with V3 R3; {}.",
             firmware.empty() ? "" : fmt::format(" ({})", base::printable(firmware, 40)),
             f.is_polling() ? its_poll(f) : "it is asked again every five minutes, for a day");
     }},

    {[](const Facts& f) { return lost_job(f) != nullptr; },
     [](const Facts& f) {
         const auto& job = *lost_job(f);
         return fmt::format("Its job {} ({}) {}: {}.", job.id, inventory::describe(job),
                            job.state == JobState::failed ? "failed" : "was given up",
                            shown_name(job.result));
     },
     [](const Facts& f) {
         return fmt::format("Order it again if it is still wanted (pnp help job); pnp show jobs {} "
                            "lists all.",
                            f.mac());
     }},

    {[](const Facts& f) { return !open_jobs(f).empty(); },
     [](const Facts& f) {
         const auto jobs = open_jobs(f);
         const auto& first = *jobs.front();
         return fmt::format("{} for its {}: {} ({}).",
                            jobs.size() == 1
                                ? "A job waits"
                                : fmt::format("{} jobs wait, the first of them", jobs.size()),
                            first.state == JobState::sent ? "answer" : "next call",
                            inventory::describe(first), ago(first.created, f.around.now));
     },
     wait_for_it},

    {[](const Facts& f) {
         return f.device.seen.stage >= Stage::configured && !f.around.calls.not_given.empty();
     },
     [](const Facts& f) {
         return fmt::format("It does not have yet what it should have now: other values of {}.",
                            listed(first_of(f.around.calls.not_given)));
     },
     [](const Facts& f) {
         return needs_window(f)
                    ? fmt::format("Over a router it is given passwords only within a window, and "
                                  "is not called for them before: pnp enrol {} 30m --from NETWORK, "
                                  "with the one that {} is in.",
                                  f.mac(), f.address(Step::secret_sent))
                    : wait_for_it(f);
     }},

    {[](const Facts& f) { return !refused(f, false).empty(); },
     [](const Facts& f) {
         return fmt::format("{} did not take {}.",
                            f.is_registered() ? fmt::format("It is registered with {}, and",
                                                            listed(f.device.lines))
                                              : "It",
                            listed(refused(f, false)));
     },
     [](const Facts& f) {
         return fmt::format("pnp show items {} shows the values. Correct them in pnp.conf or in "
                            "the templates, then: pnp reload. They are offered again when they are "
                            "other ones, and when the phone starts.",
                            f.mac());
     }},

    {[](const Facts& f) {
         return f.device.seen.stage < Stage::configured &&
                f.is_newer(Step::call_failed, {Step::called});
     },
     [](const Facts& f) {
         return fmt::format("It called {}, and that ended too soon ({}).", called(f),
                            f.detail(Step::call_failed));
     },
     [](const Facts& f) {
         return fmt::format("{} Still so: the log says what it sent.", let_it_call(f));
     }},

    {[](const Facts& f) {
         return f.device.seen.stage < Stage::configured && f.around.now - f.last_contact() < minute;
     },
     [](const Facts&) { return std::string("It calls, and is being told what it should have."); },
     [](const Facts&) { return std::string("Wait a moment."); }},

    {[](const Facts& f) { return f.device.seen.stage < Stage::configured; },
     [](const Facts& f) {
         return fmt::format("It called {}, and does not have all that it should have.", called(f));
     },
     [](const Facts& f) {
         return fmt::format("pnp show items {} shows what is missing. {}", f.mac(), let_it_call(f));
     }},

    {[](const Facts& f) {
         return is_configured(f) && f.is_newer(Step::register_refused,
                                               {Step::registered, Step::called, Step::configured});
     },
     [](const Facts& f) {
         return fmt::format("It has what it should have, and the PBX refuses to register it ({}).",
                            f.detail(Step::register_refused));
     },
     [](const Facts& f) {
         return fmt::format("Was the password changed in the PBX after the phone got it? It gets "
                            "the new one when it calls, over a router only within: pnp enrol {} "
                            "30m. If not, compare its account (pnp show items {}) with the PBX's.",
                            f.mac(), f.mac());
     }},

    {[](const Facts& f) {
         return is_configured(f) && f.around.sees_registrations && !f.happened(Step::lost) &&
                f.since(Step::configured) >= registers_within;
     },
     [](const Facts&) {
         return std::string("It has what it should have, and has not registered since.");
     },
     [](const Facts& f) {
         return fmt::format("Compare the PBX's log with its account (pnp show items {}): SIP "
                            "server, extension, password.",
                            f.mac());
     }},

    {[](const Facts& f) {
         return !refused(f, true).empty() && (f.is_registered() || is_configured(f)) &&
                (f.is_registered() || !f.around.sees_registrations);
     },
     [](const Facts& f) {
         return fmt::format(
             "{} It does not know {}.",
             f.is_registered()
                 ? fmt::format("All is well: it is registered with {}.", listed(f.device.lines))
                 : "It has what it should have: all is done here.",
             listed(refused(f, true)));
     },
     [](const Facts& f) {
         return does_not_poll_as_told(f)
                    ? fmt::format("Without that it does not poll, or not as often as it should. "
                                  "Look for names that begin with dcmp (pnp job read {0}, then pnp "
                                  "show items {0}), and write the right one as poll_item into "
                                  "[values] of openstage/profile.conf.",
                                  f.mac())
                    : std::string();
     }},
};

} // namespace

std::string how_to_call(const Facts& f) {
    const auto& calls = f.around.calls;
    return fmt::format(
        "Such a phone calls when it starts, if it knows where: by DHCP (option 43; `pnp dhcp "
        "dnsmasq` prints what to configure there), or from its own web page, where the DLS address "
        "and port are set by hand. {}",
        calls.is_on ? fmt::format("We listen at TCP port {}: does a firewall keep that away from "
                                  "it?",
                                  calls.port)
                    : "The Workpoint Interface is off here: write wpi = on into pnp.conf, then: "
                      "pnp reload.");
}

std::span<const Rule> rules_of_calls() {
    return calls_rules;
}

} // namespace admin
