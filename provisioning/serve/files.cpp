// SPDX-License-Identifier: MIT
// The way from a URL to a file, and what each step of it leaves in the timeline.
#include "provisioning/serve/files.hpp"

#include "provisioning/base/log.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/ranges.h>

namespace serve {
namespace {

using base::Errc;
using base::fail;
using inventory::Stage;
using inventory::Step;

constexpr std::int64_t milliseconds_in_a_second = 1000;

/// How late a miss is answered where phones are: a scanner that waits for its answers is slow, and
/// nobody who has a token waits.
constexpr std::chrono::milliseconds slow_answer = std::chrono::seconds(1);

/// Devices at an address that is slowed or shut out, which are told so.
constexpr std::size_t most_told = 5;

base::Result<const profile::ChainStep*> step_of(const profile::Vendor& vendor,
                                                base::Mac mac,
                                                std::string_view model,
                                                const std::string& name) {
    const auto* step = vendor.step_for(name, mac, model);
    if (step != nullptr) {
        return step;
    }
    return fail(Errc::not_found, "{} is not a file that {} phones ask for", Diary::shown(name),
                vendor.title);
}

bool asks_for_login(const profile::Vendor& vendor, const std::vector<profile::Rule>& rules) {
    return vendor.credential == profile::Credential::userinfo ||
           std::any_of(rules.begin(), rules.end(), [&](const profile::Rule& rule) {
               return rule.credential == profile::Credential::userinfo &&
                      (rule.vendor.empty() || rule.vendor == vendor.name);
           });
}

Response unavailable() {
    Response response;
    response.status = 503;
    return response;
}

/// Whether who is answered with this file has all of it then, be it as a range, or had it before.
bool has_all(const Request& request, const Response& response) {
    if (request.conditions.none()) {
        return true;
    }
    const auto size = response.body->size();
    const auto leaves = plan(request.method, request.conditions, entity_tag(*response.body),
                             response.last_modified, size);
    return leaves.length == size || leaves.status == 304;
}

} // namespace

Files::Files(inventory::Inventory& inventory, const base::Clock& clock, Reach reach)
    : inventory_(inventory), clock_(clock), reach_(std::move(reach)), diary_(inventory, clock),
      boot_(inventory, clock, diary_, reach_.registered, reach_.may_be_guest),
      upgrades_(inventory, clock, diary_), settings_(std::make_shared<const FileSettings>()),
      surroundings_(std::make_shared<const Surroundings>()) {
    // Where phones were configured before we were started.
    const auto now = clock_.unix_ms();
    const auto snapshot = inventory_.now();
    for (const auto* device : snapshot.devices()) {
        if (device->seen.used != 0 &&
            base::was_within(device->seen.used, now, std::chrono::hours(24))) {
            sources_.trust(device->seen.used_from.value,
                           clock_.now() - std::chrono::milliseconds(now - device->seen.used));
        }
    }
}

void Files::settings(FileSettings settings) {
    auto fresh = std::make_shared<const FileSettings>(std::move(settings));
    const std::lock_guard hold(lock_);
    settings_.swap(fresh);
}

std::shared_ptr<const FileSettings> Files::settings() const {
    const std::lock_guard hold(lock_);
    return settings_;
}

void Files::surroundings(Surroundings surroundings) {
    auto fresh = std::make_shared<const Surroundings>(std::move(surroundings));
    const std::lock_guard hold(lock_);
    surroundings_.swap(fresh);
}

std::shared_ptr<const Surroundings> Files::surroundings() const {
    const std::lock_guard hold(lock_);
    return surroundings_;
}

Response Files::answer(const Request& request) {
    const auto asked = read_request(request);
    const auto outcome = open(request, asked);
    auto response = outcome.response;
    const auto about = outcome.about ? outcome.about : asked.named;
    if (outcome.is_miss) {
        punish(request, about, sources_);
    }
    if ((outcome.is_miss || outcome.is_late) && is_slowed(request.peer.address, about)) {
        response.delay = slow_answer;
    }
    return response;
}

Response Files::by_tftp(const Request& request) {
    const auto with = settings();
    const auto around = surroundings();
    const Gate gate(with->gate, *around, reach_.neighbour);
    const auto source = request.peer.address;
    if (!with->catalogue || !gate.is_source_served(source)) {
        ++diary_.count.strangers;
        return {};
    }
    const auto shown = fresh_phone_at(source, gate, *with);
    const auto now = clock_.now();
    if (!shown && tftp_sources_.standing(source.value, now) == Standing::shut) {
        ++diary_.count.held;
        tftp_sources_.held(source.value, now);
        return {};
    }
    if (shown && inventory_.now().device(*shown) == nullptr) {
        diary_.heard(*shown, request);
    }
    const auto name = std::string_view(request.path).substr(1);
    const auto vendors = with->catalogue->vendors();
    const auto found =
        std::find_if(vendors.begin(), vendors.end(), [&](const profile::Vendor* vendor) {
            return !vendor->tftp_file.empty() && vendor->tftp_file == name;
        });
    if (found == vendors.end()) {
        ++diary_.count.strangers;
        if (!shown) {
            punish(request, std::nullopt, tftp_sources_);
        } else if (inventory_.now().device(*shown) != nullptr) {
            // Another model asks for its own name, and would be told of as silent.
            diary_.rumour(
                *shown, inventory::Step::file_refused, source,
                fmt::format("asked by TFTP for {}, which is not given", Diary::shown(name)));
        }
        return {};
    }
    return boot_.fresh(request, **found, shown, *with);
}

/// A MAC in a name is anybody's word: only what the neighbour table shows there is believed, and a
/// computer is no phone.
std::optional<base::Mac>
Files::fresh_phone_at(base::Ipv4 source, const Gate& gate, const FileSettings& with) {
    const auto mac = gate.neighbour_at(source);
    const auto* vendor = mac ? with.catalogue->recognise({*mac, {}, {}}) : nullptr;
    return vendor != nullptr && !vendor->tftp_file.empty() ? mac : std::nullopt;
}

base::Result<std::vector<Files::PublicFile>> Files::public_files(base::Ipv4 host) const {
    const auto with = settings();
    if (!with->catalogue) {
        return fail(Errc::io, "no vendor profiles are loaded; the log of the start says why");
    }
    std::vector<PublicFile> files;
    for (const auto* vendor : with->catalogue->vendors()) {
        if (vendor->tftp_file.empty()) {
            continue;
        }
        auto text = Boot::for_all(*vendor, *with, host, host);
        if (!text) {
            return fail(text.error().code, "{}: {}", vendor->tftp_file, text.error().what);
        }
        files.push_back({vendor->tftp_file, std::move(*text)});
    }
    return files;
}

base::Result<Files::PublicFile> Files::card_file(base::Mac mac, base::Ipv4 host) const {
    const auto snapshot = inventory_.now();
    const auto* device = snapshot.device(mac);
    if (device == nullptr || !device->is_approved()) {
        return fail(Errc::refused, "{0} is {1}: pnp assign {0} EXT", mac.str(),
                    device == nullptr ? "not known" : device->state());
    }
    const auto with = settings();
    if (!with->catalogue) {
        return fail(Errc::io, "no vendor profiles are loaded; the log of the start says why");
    }
    const auto phone = recognise(*with->catalogue, *device, "", device->seen.address);
    if (!phone) {
        return fail(phone.error().code, "{}: {}", mac.str(), phone.error().what);
    }
    if (!phone->vendor.reads_card) {
        return fail(Errc::refused, "{} phones read no file from a memory card",
                    phone->vendor.title);
    }
    auto text = with->catalogue->render_boot(
        phone->vendor, facts_of(*with, *phone, host, inventory_.steady_token(*device)));
    if (!text) {
        return tl::unexpected(text.error());
    }
    return PublicFile{phone->vendor.names_for(mac, phone->model).back(), std::move(*text)};
}

std::optional<base::Mac> Files::phone_of(const Request& request) const {
    const auto with = settings();
    const auto around = surroundings();
    const auto now = inventory_.now();
    const auto verdict =
        Gate(with->gate, *around, reach_.neighbour)
            .judge(read_request(request), request.peer.address, now, clock_.unix_ms());
    const auto* admitted = std::get_if<Admitted>(&verdict);
    return admitted != nullptr ? std::optional(admitted->device->mac) : std::nullopt;
}

Outcome Files::open(const Request& request, const Asked& asked) {
    const auto with = settings();
    const auto around = surroundings();
    const Gate gate(with->gate, *around, reach_.neighbour);
    if (wants_login(asked, *with)) {
        Response response; // the same for every name of a chain: it tells nothing of a phone
        response.status = 401;
        return {response, false, std::nullopt};
    }
    const auto source = request.peer.address;
    const auto now = clock_.now();
    // A valid token goes through whatever others do behind the same address; nobody guesses one.
    if (sources_.standing(source.value, now) == Standing::shut &&
        !inventory_.now().credential(asked.token)) {
        ++diary_.count.held;
        sources_.held(source.value, now);
        return {};
    }
    return asked.door == Door::boot ? boot_.answer(request, asked, gate, *with)
                                    : by_credential(request, asked, gate, *with);
}

/// RFC 7617 2: a client may keep its login to itself until it is asked for.
bool Files::wants_login(const Asked& asked, const FileSettings& with) {
    if (asked.door != Door::login || asked.has_login || !with.catalogue) {
        return false;
    }
    const auto mac = asked.claimed().value_or(base::Mac());
    const auto vendors = with.catalogue->vendors();
    return std::any_of(vendors.begin(), vendors.end(), [&](const profile::Vendor* vendor) {
        return asks_for_login(*vendor, with.rules) &&
               vendor->step_for(asked.name, mac, "") != nullptr;
    });
}

Outcome Files::by_credential(const Request& request,
                             const Asked& asked,
                             const Gate& gate,
                             const FileSettings& with) {
    const auto snapshot = inventory_.now();
    const auto verdict = gate.judge(asked, request.peer.address, snapshot, clock_.unix_ms());
    if (const auto* admitted = std::get_if<Admitted>(&verdict)) {
        if (admitted->remark) {
            const auto& remark = *admitted->remark;
            diary_.rumour(remark.mac, remark.step, request.peer.address, remark.text);
        }
        return serve(request, asked, *admitted, with);
    }
    const auto& refused = std::get<Refused>(verdict);
    if (refused.why == Refusal::no_token && asked.named &&
        snapshot.device(*asked.named) == nullptr) {
        diary_.heard(*asked.named, request);
    }
    diary_.refused(refused, request.peer.address);
    // Whose token ended once had one, and guesses nothing.
    const bool is_miss = refused.why == Refusal::outside || refused.why == Refusal::no_token ||
                         refused.why == Refusal::foreign;
    return {{}, is_miss, std::nullopt, true};
}

Outcome Files::serve(const Request& request,
                     const Asked& asked,
                     const Admitted& admitted,
                     const FileSettings& with) {
    const auto& device = *admitted.device;
    const auto mac = device.mac;
    if (device.lines.empty()) {
        return refuse(request, mac, "the phone has no extension");
    }
    if (!with.catalogue) {
        return refuse(request, mac, "no vendor profiles are loaded");
    }
    const auto phone = recognise(*with.catalogue, device, request.user_agent, request.peer.address);
    if (!phone) {
        return refuse(request, mac, phone.error().what);
    }
    const auto step = step_of(phone->vendor, mac, phone->model, asked.name);
    if (!step) {
        if (auto firmware = upgrades_.answer(request, asked.name, *phone, with)) {
            return {std::move(*firmware), false, mac};
        }
        auto outcome = refuse(request, mac, step.error().what);
        outcome.is_miss = true;
        return outcome;
    }
    if (request.method == "GET") {
        diary_.asked(*phone, request);
    }
    if ((*step)->template_name.empty()) {
        ++diary_.count.missing;
        if (request.method == "GET") {
            diary_.note(mac, Step::file_missing, request.peer.address,
                        fmt::format("{}: {}", Diary::shown(asked.name), (*step)->reason));
        }
        return {};
    }
    const bool is_last = phone->vendor.is_last(**step);
    auto facts = facts_of(with, *phone, request.local.address, inventory_.steady_token(device));
    if (request.method == "GET") {
        upgrades_.offer(facts, *phone, with);
    } else { // HEAD takes nothing
        upgrades_.show(facts, *phone, with);
    }
    auto file = add_lines(facts, *phone, reach_.accounts, reach_.digit_maps).and_then([&] {
        return with.catalogue->render(phone->vendor, **step, facts);
    });
    if (!file) {
        const auto what = fmt::format("{} cannot be made", Diary::shown(asked.name));
        if (diary_.may_complain()) {
            base::log::error("serve", "{} for {}: {}", what, mac.str(), file.error().what);
        }
        if (is_last && request.method == "GET" && device.seen.stage == Stage::configured) {
            inventory_.reached(mac, Stage::fetching); // it does not have this one
        }
        return refuse(request, mac, fmt::format("{}: {}", what, file.error().what));
    }
    const auto digest = base::sha256(*file);
    return hand_out(request, asked, admitted, with, is_last,
                    response_with(mac, **step, {std::move(*file), digest}));
}

std::optional<Response> Files::at_hand(const Request& request) {
    const auto with = settings();
    if (request.method != "GET" || !with->catalogue || !with->firmware.empty()) {
        return std::nullopt;
    }
    const auto asked = read_request(request);
    const auto around = surroundings();
    const auto snapshot = inventory_.now();
    const auto verdict = Gate(with->gate, *around, reach_.neighbour)
                             .judge(asked, request.peer.address, snapshot, clock_.unix_ms());
    const auto* admitted = std::get_if<Admitted>(&verdict);
    if (admitted == nullptr || admitted->remark || !admitted->credential.steady ||
        admitted->credential.generation != admitted->device->generation) {
        return std::nullopt;
    }
    const auto& device = *admitted->device;
    const auto phone =
        recognise(*with->catalogue, device, request.user_agent, request.peer.address);
    const auto* step =
        phone ? phone->vendor.step_for(asked.name, device.mac, phone->model) : nullptr;
    if (device.lines.empty() || step == nullptr || step->template_name.empty()) {
        return std::nullopt;
    }
    // The token that it came with is its steady one.
    auto facts = facts_of(*with, *phone, request.local.address, asked.token);
    if (facts.site.digit_map != "none" || !add_lines(facts, *phone, reach_.accounts, {})) {
        return std::nullopt;
    }
    auto file = with->catalogue->kept(phone->vendor, *step, facts);
    if (!file || !inventory_.is_use_known(device.mac, admitted->credential.generation)) {
        return std::nullopt;
    }
    diary_.asked(*phone, request);
    handed_out(request, asked, *admitted, *with, phone->vendor.is_last(*step));
    return response_with(device.mac, *step, std::move(*file));
}

Response Files::response_with(base::Mac mac, const profile::ChainStep& step, profile::Made file) {
    Response response;
    response.status = 200;
    response.content_type = step.content_type;
    response.last_modified = modified_.since(mac, step.pattern, file.digest,
                                             clock_.unix_ms() / milliseconds_in_a_second);
    response.fields.emplace_back("ETag", entity_tag(file.digest));
    response.body = std::make_shared<const std::string>(std::move(file.text));
    return response;
}

/// In the answer always the same 404; the reason is for the admin.
Outcome Files::refuse(const Request& request, base::Mac mac, std::string_view why) {
    ++diary_.count.refused;
    diary_.note(mac, Step::file_refused, request.peer.address, why);
    return {{}, false, mac, true};
}

Outcome Files::hand_out(const Request& request,
                        const Asked& asked,
                        const Admitted& admitted,
                        const FileSettings& with,
                        bool is_last,
                        Response response) {
    const auto& device = *admitted.device;
    const auto& credential = admitted.credential;
    if (request.method != "GET") { // HEAD consumes nothing
        return {std::move(response), false, device.mac};
    }
    // Nor do parts.
    if (credential.steady && has_all(request, response)) {
        // On disk before the phone has its answer: after a power cut the token that it left behind
        // must not be valid again. What the disk does not take is not handed out.
        const auto done = inventory_.steady_used(device.mac, credential.generation);
        if (!done && done.error().code == Errc::refused) { // it ended this moment
            return refuse(request, device.mac, done.error().what);
        }
        if (!done) {
            if (diary_.may_complain()) {
                base::log::error("serve", "{} gets 503 until its use of its URL can be kept: {}",
                                 device.mac.str(), done.error().what);
            }
            return {unavailable(), false, device.mac};
        }
    }
    handed_out(request, asked, admitted, with, is_last);
    return {std::move(response), false, device.mac};
}

void Files::handed_out(const Request& request,
                       const Asked& asked,
                       const Admitted& admitted,
                       const FileSettings& with,
                       bool is_last) {
    const auto& device = *admitted.device;
    if (admitted.credential.steady) {
        tell_of_twins(request, device, with);
        inventory_.used(device.mac, request.peer.address);
        sources_.trust(request.peer.address.value, clock_.now());
    }
    ++diary_.count.served;
    came_to_have(request, asked, device, admitted.credential.steady, is_last);
}

/// Without the last file of the chain a phone has no lines. Of the others the first one is told,
/// so that one that goes on asking for them pushes nothing out of its timeline.
void Files::came_to_have(const Request& request,
                         const Asked& asked,
                         const inventory::Device& device,
                         bool is_steady,
                         bool is_last) {
    const auto stage = device.seen.stage;
    if (is_last && stage < Stage::configured) {
        inventory_.reached(device.mac, Stage::configured);
    }
    if (is_last && is_steady) {
        diary_.note(device.mac, Step::configured, request.peer.address,
                    "asked with its steady URL");
    } else if (is_last || stage < Stage::fetching) {
        diary_.note(device.mac, Step::file_served, request.peer.address,
                    fmt::format("{} by {}", Diary::shown(asked.name),
                                is_steady ? "its steady URL" : "first token"));
    }
}

/// Both have the token, so that both are served; an admin should know.
void Files::tell_of_twins(const Request& request,
                          const inventory::Device& device,
                          const FileSettings& with) {
    const auto source = request.peer.address;
    const auto now = clock_.unix_ms();
    const auto quiet = with.reoffer_quiet.count();
    auto other = reach_.registered ? reach_.registered(device.mac) : std::nullopt;
    if ((!other || *other == source) && device.seen.used != 0 &&
        base::was_within(device.seen.used, now, with.reoffer_quiet)) {
        other = device.seen.used_from;
    }
    if (!other || *other == source) {
        return;
    }
    {
        const std::lock_guard hold(lock_);
        auto& told = twins_.at(device.mac);
        if (told != 0 && now - told < quiet) {
            return;
        }
        told = now;
    }
    diary_.note(device.mac, Step::url_shared, source,
                fmt::format("while {} uses it: one of them may not be your phone; `pnp rotate {}` "
                            "makes a new URL",
                            other->str(), device.mac.str()));
}

bool Files::is_slowed(base::Ipv4 source, std::optional<base::Mac> about) {
    const auto now = clock_.now();
    const auto standing = sources_.standing(source.value, now);
    if (standing == Standing::shut) { // whatever it asks for: a wrong token is not even looked at
        return false;
    }
    return standing == Standing::slowed ||
           (about && phones_.standing(about->number(), now) != Standing::free);
}

void Files::punish(const Request& request, std::optional<base::Mac> about, Penalties& sources) {
    const auto now = clock_.now();
    const auto source = request.peer.address;
    const auto verdict = sources.miss(source.value, now);
    const auto guessed = about ? phones_.miss(about->number(), now) : Penalties::Verdict{};
    if (guessed.is_new) {
        diary_.rumour(*about, Step::limited, source,
                      "its files were asked for in vain too often in a minute; that is answered "
                      "late for a while");
    }
    if (!verdict.is_new) {
        return;
    }
    const auto snapshot = inventory_.now();
    std::size_t told = 0;
    for (const auto* device : snapshot.devices()) {
        if (device->seen.address == source && told++ < most_told) {
            diary_.rumour(device->mac, Step::limited, source,
                          verdict.standing == Standing::shut
                              ? "too many requests in vain from its address: shut out for a while, "
                                "but for valid URLs; `pnp show penalties`"
                              : "too many requests in vain from its address: these are answered "
                                "late; `pnp show penalties`");
        }
    }
    if (diary_.may_complain()) {
        base::log::info("serve", "{} asks in vain too often: {}", source.str(),
                        verdict.standing == Standing::shut ? "shut out" : "slowed");
    }
}

/// Phones that are gone would have the places of those that are there.
std::vector<base::Mac> Files::look_after_firmware() {
    return upgrades_.look_after(*settings(), [this](const inventory::Device& device) {
        return reach_.registered
                   ? reach_.registered(device.mac).has_value()
                   : base::was_within(device.seen.used, clock_.unix_ms(), std::chrono::hours(24));
    });
}

FileCounters Files::counters() const {
    auto all = diary_.counters();
    all.firmware = upgrades_.downloads();
    return all;
}

std::vector<Files::Penalty> Files::penalties() const {
    const auto now = clock_.now();
    std::vector<Penalty> all;
    for (const auto& row : sources_.list(now)) {
        all.push_back({base::Ipv4{static_cast<std::uint32_t>(row.who)}.str(), row});
    }
    for (const auto& row : tftp_sources_.list(now)) {
        all.push_back({base::Ipv4{static_cast<std::uint32_t>(row.who)}.str() + " by TFTP", row});
    }
    for (auto row : phones_.list(now)) {
        row.standing = Standing::slowed; // of a phone nothing is shut out
        all.push_back({base::Mac::from_number(row.who).str(), row});
    }
    return all;
}

std::pair<std::size_t, std::size_t> Files::count(const std::vector<Penalty>& penalties) {
    const auto with = [&](Standing standing) {
        return static_cast<std::size_t>(
            std::count_if(penalties.begin(), penalties.end(), [&](const Penalty& penalty) {
                return penalty.row.standing == standing;
            }));
    };
    return {with(Standing::slowed), with(Standing::shut)};
}

base::Result<std::string>
Files::render(base::Mac mac, const std::string& name, base::Ipv4 host, bool reveal) const {
    const auto snapshot = inventory_.now();
    const auto* device = snapshot.device(mac);
    if (device == nullptr) {
        return fail(Errc::not_found, "{0} is not known: pnp assign {0} EXT", mac.str());
    }
    if (!device->is_approved()) {
        return fail(Errc::refused, "{} is {}: pnp {}", mac.str(), device->state(),
                    device->lines.empty() ? fmt::format("assign {} EXT", mac.str())
                                          : fmt::format("approve {}", mac.str()));
    }
    if (device->lines.empty()) {
        return fail(Errc::refused, "{0} has no extension: pnp assign {0} EXT", mac.str());
    }
    const auto with = settings();
    if (!with->catalogue) {
        return fail(Errc::io, "no vendor profiles are loaded; the log of the start says why");
    }
    const auto phone = recognise(*with->catalogue, *device, "", device->seen.address);
    if (!phone) {
        return fail(phone.error().code,
                    "{}: {}; plug it in so that it says what it is, or write a vendor profile",
                    mac.str(), phone.error().what);
    }
    const auto named = mac_in(name);
    if (named && *named != mac) {
        return fail(Errc::not_ours, "{} names another phone; {} asks for {}", Diary::shown(name),
                    mac.str(), fmt::join(phone->vendor.names_for(mac, phone->model), ", "));
    }
    const auto step = step_of(phone->vendor, mac, phone->model, name);
    if (!step) {
        return fail(step.error().code, "{}; {} asks for {}", step.error().what, mac.str(),
                    fmt::join(phone->vendor.names_for(mac, phone->model), ", "));
    }
    if ((*step)->template_name.empty()) {
        return fail(Errc::refused, "{} is answered with 404 on purpose: {}", name, (*step)->reason);
    }
    auto facts = facts_of(*with, *phone, host, inventory_.steady_token(*device));
    upgrades_.show(facts, *phone, *with);
    if (const auto done = add_lines(facts, *phone, reach_.accounts, reach_.digit_maps); !done) {
        return fail(done.error().code, "{}: {}", mac.str(), done.error().what);
    }
    if (!reveal) {
        hide_secrets(facts, *with, *phone, host);
    }
    return with->catalogue->render(phone->vendor, **step, facts);
}

} // namespace serve
