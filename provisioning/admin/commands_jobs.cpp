// SPDX-License-Identifier: MIT
// The commands about what phones of the Workpoint Interface are told to do: show jobs, job …
#include "provisioning/admin/command.hpp"
#include "provisioning/admin/jobs.hpp"
#include "provisioning/admin/tell.hpp"

#include "provisioning/base/text.hpp"
#include "provisioning/serve/file_body.hpp"
#include "provisioning/wpi/difference.hpp"
#include "provisioning/wpi/release.hpp"
#include "provisioning/wpi/tickets.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace admin {
namespace {

using inventory::ItemKey;
using inventory::Job;
using inventory::JobKind;

constexpr std::uint64_t most_index = 1'000'000;
constexpr auto listed_for = std::chrono::hours(24); // among all phones' jobs, once it ended

constexpr std::string_view firmware_type = "APP";

/// What a phone may be given as a file (WPI guide p. 57, 178, 245).
constexpr std::string_view file_types[] = {"RINGTONE", "LOGO", "SCREENSAVER", "MOH",
                                           "PIC",      "LDAP", firmware_type};

/// A phone that does what it is told when it calls.
base::Result<base::Mac> phone_of(const Call& call) {
    auto mac = read_mac(call.places[0]);
    if (!mac) {
        return mac;
    }
    if (!call.reach.workpoints || !call.reach.workpoints()) {
        return base::fail(base::Errc::refused, "the Workpoint Interface is off, so no phone would "
                                               "do it; write wpi = on into pnp.conf, then: pnp "
                                               "reload");
    }
    const auto* device = call.now.device(*mac);
    if (device == nullptr || !device->is_approved()) {
        return base::fail(base::Errc::refused,
                          "{} is not approved, so it is told nothing; first: pnp assign {} EXT",
                          mac->str(), mac->str());
    }
    const auto catalogue = call.reach.catalogue();
    const auto* vendor = vendor_of(catalogue.get(), *mac, device);
    if (vendor != nullptr && vendor->items_step() == nullptr &&
        !call.reach.inventory.workpoints().find(*mac)) {
        return base::fail(base::Errc::refused,
                          "{} is a {} phone, which fetches files and takes no jobs; to make it "
                          "fetch them: pnp resync {}",
                          mac->str(), vendor->title, mac->str());
    }
    return mac;
}

Reply wrong(const base::Error& error) {
    return error.code == base::Errc::malformed ? misunderstood(error.what) : refused(error);
}

/// ITEM or ITEM.INDEX.
base::Result<ItemKey> read_key(std::string_view word) {
    const auto dot = word.rfind('.');
    ItemKey key{std::string(word.substr(0, dot)), -1};
    if (dot != std::string_view::npos) {
        const auto index = base::parse_number(word.substr(dot + 1));
        if (!index || *index > most_index) {
            return base::fail(base::Errc::malformed,
                              "'{}': behind the dot stands an index, a number from 0 to {}",
                              base::printable(word, 60), most_index);
        }
        key.index = static_cast<int>(*index);
    }
    if (auto wrong = wpi::wrong_name(key.name)) {
        return base::fail(base::Errc::malformed, "'{}' is no item: {}", base::printable(word, 60),
                          *wrong);
    }
    if (wpi::is_secret(key.name)) {
        return base::fail(base::Errc::refused,
                          "{} is a secret: a phone has it from its extension or profile.conf, "
                          "and no job reads or writes it",
                          key.name);
    }
    return key;
}

/// What a person should know of a name that no table has.
std::string about_name(const std::string& name) {
    if (wpi::item_row(name) != nullptr) {
        return {};
    }
    std::vector<std::string_view> known;
    for (const auto& row : wpi::item_rows()) {
        if (!wpi::is_secret(row.name)) { // which no job takes
            known.push_back(row.name);
        }
    }
    return fmt::format("Nothing is known of {} here, so the phone has to say whether it has such "
                       "an item{}\n",
                       name, base::nearest(name, known) ? did_you_mean(name, known) : ".");
}

/// What becomes of a value that the site sets otherwise.
std::string about_value(const std::optional<std::vector<wpi::Item>>& wanted,
                        const ItemKey& key,
                        std::string_view value) {
    const auto* row = wpi::item_row(key.name);
    if (!wanted) {
        return row != nullptr && row->always_restored
                   ? fmt::format("{} is the site's: if that says something else, the phone gets "
                                 "it back when it calls.\n",
                                 word_of(key))
                   : std::string();
    }
    const auto found = std::find_if(wanted->begin(), wanted->end(),
                                    [&](const auto& item) { return wpi::key_of(item) == key; });
    if (found == wanted->end() || wpi::is_same_value(key.name, found->value, value)) {
        return {};
    }
    return fmt::format("{} is taken back at once: the site wants '{}'. Change it there (pnp.conf, "
                       "extension or template), and the phone follows.\n",
                       word_of(key), shown_name(found->value));
}

/// Takes the job in and says what happens to it.
Reply order(const Call& call, const Job& job, const std::string& notes = {}) {
    auto& workpoints = call.reach.inventory.workpoints();
    const auto before = workpoints.jobs(job.mac);
    const auto id = workpoints.add(job, call.caller.actor);
    if (!id) {
        return wrong(id.error());
    }
    const bool is_new =
        std::none_of(before.begin(), before.end(), [&](const Job& one) { return one.id == *id; });
    const auto now = call.reach.clock.unix_ms();
    const auto added = workpoints.job(*id);
    if (!added) {
        return refused(fmt::format("job {} has gone already; see pnp show jobs", *id));
    }
    auto json = json_of(call.reach, *added, now);
    json.set("is_new", is_new).set("notes", notes);
    return done(fmt::format("Job {} for {}: {}{}.\n{}How it goes: pnp show jobs {}\n", *id,
                            job.mac.str(), inventory::describe(*added),
                            is_new ? "" : " (it waits already)", notes, job.mac.str()),
                std::move(json));
}

} // namespace

std::span<const std::string_view> job_file_types() noexcept {
    return file_types;
}

Reply run_show_jobs(Call& call) {
    std::optional<base::Mac> mac;
    if (!call.places.empty()) {
        const auto read = read_mac(call.places[0]);
        if (!read) {
            return misunderstood(read.error().what);
        }
        mac = *read;
    }
    const auto now = call.reach.clock.unix_ms();
    const auto& workpoints = call.reach.inventory.workpoints();
    auto jobs = mac ? workpoints.jobs(*mac) : workpoints.jobs();
    const auto all = jobs.size();
    if (!mac) {
        std::erase_if(jobs, [&](const Job& job) {
            return has_ended(job.state) && !base::was_within(job.changed, now, listed_for);
        });
    }
    std::vector<std::vector<std::string>> rows;
    base::Json list = base::Json::array();
    for (const auto& job : jobs) {
        rows.push_back({std::to_string(job.id), job.mac.str(), inventory::describe(job),
                        std::string(inventory::name(job.state)), ago(job.changed, now),
                        std::to_string(job.attempts), why(call.reach, job, now)});
        list.push(json_of(call.reach, job, now));
    }
    std::string text =
        rows.empty() ? fmt::format("No job{}; to order one: pnp help job\n",
                                   mac ? " for " + mac->str() : std::string())
                     : table_text({"ID", "PHONE", "WHAT", "STATE", "SINCE", "SENT", "WHY"}, rows);
    if (jobs.size() < all) {
        text += fmt::format("{} ended more than a day ago: pnp show jobs MAC\n",
                            counted(all - jobs.size(), "job", "jobs"));
    }
    return done(std::move(text), base::Json::object({{"jobs", std::move(list)}}));
}

Reply run_job_read(Call& call) {
    const auto mac = phone_of(call);
    if (!mac) {
        return wrong(mac.error());
    }
    Job job{.mac = *mac, .kind = JobKind::read};
    std::string notes;
    if (call.places.size() > 1) {
        for (const auto word : base::split(call.places[1], ',')) {
            const auto key = read_key(word);
            if (!key) {
                return wrong(key.error());
            }
            notes += about_name(key->name);
            job.items.emplace(*key, "");
        }
        if (job.items.empty()) {
            return misunderstood("which items? Name them like e164,key-label.3, or none for all");
        }
    }
    notes += fmt::format("What it says then: pnp show items {}\n", mac->str());
    return order(call, job, notes);
}

Reply run_job_write(Call& call) {
    const auto mac = phone_of(call);
    if (!mac) {
        return wrong(mac.error());
    }
    Job job{.mac = *mac, .kind = JobKind::write};
    std::vector<wpi::Item> items;
    std::vector<std::string> unknown;
    for (std::size_t i = 1; i < call.places.size(); ++i) {
        const std::string_view word = call.places[i];
        const auto equals = word.find('=');
        if (equals == std::string_view::npos) { // it may be a password that stands alone
            return misunderstood(fmt::format("word {} behind the MAC has no '='; write ITEM=VALUE "
                                             "or ITEM.INDEX=VALUE, such as key-label.3=Office",
                                             i));
        }
        const auto key = read_key(word.substr(0, equals));
        if (!key) {
            return wrong(key.error());
        }
        items.push_back(wpi::item_of(*key, std::string(base::trim(word.substr(equals + 1)))));
        job.items.emplace(*key, items.back().value);
    }
    if (auto fits = wpi::check_items(items); !fits) {
        return refused(fits.error());
    }
    std::optional<std::vector<wpi::Item>> wanted;
    const auto* device = call.now.device(*mac);
    if (call.reach.wanted_items && device != nullptr) {
        if (auto made = call.reach.wanted_items(*device)) {
            wanted = std::move(*made);
        }
    }
    std::string notes;
    for (const auto& [key, value] : job.items) {
        notes += about_name(key.name) + about_value(wanted, key, value);
    }
    return order(call, job, notes);
}

Reply run_job_restart(Call& call) {
    const auto mac = phone_of(call);
    return mac ? order(call, Job{.mac = *mac, .kind = JobKind::restart}) : wrong(mac.error());
}

Reply run_job_reset(Call& call) {
    const auto mac = phone_of(call);
    if (!mac) {
        return wrong(mac.error());
    }
    if (const auto with = call.reach.workpoints(); !with || !with->may_reset) {
        return refused("resetting phones to the factory's settings is not allowed; write "
                       "wpi_factory_reset = yes into pnp.conf, then: pnp reload");
    }
    return order(call, Job{.mac = *mac, .kind = JobKind::factory_reset},
                 fmt::format("It forgets all that it has, and comes back only if it learns by DHCP "
                             "where we are. Over a router it gets its passwords again only within: "
                             "pnp enrol {} 30m\n",
                             mac->str()));
}

Reply run_job_deploy(Call& call) {
    const auto mac = phone_of(call);
    if (!mac) {
        return wrong(mac.error());
    }
    const auto* const type =
        std::find_if(std::begin(file_types), std::end(file_types),
                     [&](std::string_view one) { return base::iequals(one, call.places[2]); });
    if (type == std::end(file_types)) {
        return misunderstood(fmt::format("'{}' is no type of file; the types are {}",
                                         base::printable(call.places[2], 40),
                                         fmt::join(file_types, ", ")));
    }
    if (const auto wrong = wpi::wrong_file_name(call.places[1])) {
        return refused(*wrong);
    }
    const auto with = call.reach.workpoints();
    const auto folder = with ? with->file_folder : std::string();
    if (const auto file = serve::FileBody::open(folder, call.places[1]); !file) {
        return refused(file.error());
    }
    Job job{.mac = *mac,
            .kind = JobKind::deploy,
            .items = {{{"file"}, call.places[1]}, {{"type"}, std::string(*type)}}};
    if (*type != firmware_type) {
        return call.places.size() == 3
                   ? order(call, job)
                   : misunderstood(fmt::format("only firmware, {}, has a version", firmware_type));
    }
    const auto version = call.places.size() > 3 ? wpi::read_firmware(call.places[3]) : std::nullopt;
    if (!version) {
        return misunderstood("which version is it? Write it behind APP as the phone will say it, "
                             "such as 3.5.21.0 or V3R5.21.0; that tells whether it was taken");
    }
    const auto* device = call.now.device(*mac);
    if (device != nullptr && wpi::is_same_firmware(device->seen.version, call.places[3])) {
        return refused(fmt::format("{} runs {} already", mac->str(), wpi::str(*version)));
    }
    job.items.emplace(ItemKey{"version"}, wpi::str(*version));
    return order(call, job,
                 fmt::format("It fetches the image when it is in no call, starts again, and has to "
                             "say {} then.\n",
                             wpi::str(*version)));
}

Reply run_job_cancel(Call& call) {
    const auto number = base::parse_number(call.places[0]);
    if (!number || *number > std::numeric_limits<std::int64_t>::max()) {
        return misunderstood(fmt::format("'{}' is no number of a job; `pnp show jobs` lists them",
                                         base::printable(call.places[0], 40)));
    }
    const auto id = static_cast<std::int64_t>(*number);
    auto& workpoints = call.reach.inventory.workpoints();
    const auto before = workpoints.job(id);
    if (auto cancelled = workpoints.cancel(id, call.caller.actor); !cancelled) {
        return refused(cancelled.error());
    }
    const bool was_sent = before && before->state == inventory::JobState::sent;
    const auto now = workpoints.job(id);
    return done(fmt::format("Job {} is cancelled.{}\n", id,
                            was_sent ? " The phone has been told already, and may do it all the "
                                       "same."
                                     : ""),
                now ? json_of(call.reach, *now, call.reach.clock.unix_ms())
                    : base::Json::object({{"id", id}}));
}

} // namespace admin
