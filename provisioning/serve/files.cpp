// SPDX-License-Identifier: MIT
// The way from a URL to a file, and what each step of it leaves in the timeline.
#include "provisioning/serve/files.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/offer_url.hpp"
#include "provisioning/serve/target.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <unordered_set>
#include <utility>

#include <fmt/ranges.h>

namespace serve {
namespace {

using base::Errc;
using base::fail;
using inventory::Stage;
using inventory::Step;

constexpr std::string_view hidden = "********";
constexpr std::int64_t milliseconds_in_a_second = 1000;

struct Asked {
    std::string_view token;
    std::string_view name;
};

/// Exactly /p/<token>/<name>: a token is 128 bits as 22 characters of base64url.
std::optional<Asked> read_path(std::string_view path) {
    constexpr std::string_view folder = "/p/";
    constexpr std::size_t token_length = 22;
    constexpr std::size_t name_at = folder.size() + token_length + 1;
    if (!path.starts_with(folder) || path.size() <= name_at || path[name_at - 1] != '/') {
        return std::nullopt;
    }
    const Asked asked{path.substr(folder.size(), token_length), path.substr(name_at)};
    const auto in_token = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_';
    };
    if (!std::all_of(asked.token.begin(), asked.token.end(), in_token) ||
        asked.name.find('/') != std::string_view::npos) {
        return std::nullopt;
    }
    return asked;
}

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// The phone that a file name speaks of: twelve hex digits by themselves, as all vendors write it.
/// In "cfg001fc1000001.xml" the c, f and g before them are letters of the name, so the last twelve
/// of a longer run count.
std::optional<base::Mac> mac_in(std::string_view name) {
    constexpr std::size_t digits = 12;
    std::size_t run = 0;
    for (std::size_t i = 0; i <= name.size(); ++i) {
        if (i < name.size() && is_hex(name[i])) {
            ++run;
            continue;
        }
        if (run >= digits) {
            const auto mac = base::Mac::parse(name.substr(i - digits, digits));
            if (mac && (mac->bytes()[0] & 1U) == 0) { // a group address is no phone
                return mac;
            }
        }
        run = 0;
    }
    return std::nullopt;
}

std::string shown(std::string_view name) {
    return base::printable(without_token(name), 64);
}

base::Result<const profile::ChainStep*> step_of(const profile::Vendor& vendor,
                                                base::Mac mac,
                                                std::string_view model,
                                                const std::string& name) {
    const auto* step = vendor.step_for(name, mac, model);
    if (step != nullptr) {
        return step;
    }
    const auto named = mac_in(name);
    if (named && *named != mac) {
        return fail(Errc::not_ours, "{} names another phone", shown(name));
    }
    return fail(Errc::not_found, "{} is not a file that {} phones ask for", shown(name),
                vendor.title);
}

} // namespace

/// A device, and what is known of it at this moment.
struct Files::Phone {
    const inventory::Device& device;
    const profile::Vendor& vendor;
    std::string model;
    std::string firmware;
    base::Ipv4 address;
    bool from_request = false; ///< model and firmware are what the phone just said
};

/// Devices whose first tokens were ended since we run: the commit is not repeated for each request.
struct Files::Ended {
    std::mutex lock;
    std::unordered_set<base::Mac> macs;
};

Files::Files(inventory::Inventory& inventory,
             const base::Clock& clock,
             Accounts accounts,
             Defer defer)
    : inventory_(inventory), clock_(clock), accounts_(std::move(accounts)),
      defer_(std::move(defer)), ended_(std::make_shared<Ended>()),
      settings_(std::make_shared<const FileSettings>()) {}

void Files::settings(FileSettings settings) {
    auto fresh = std::make_shared<const FileSettings>(std::move(settings));
    const std::lock_guard hold(lock_);
    settings_.swap(fresh);
}

std::shared_ptr<const FileSettings> Files::settings() const {
    const std::lock_guard hold(lock_);
    return settings_;
}

FileCounters Files::counters() const {
    return {served_, missing_, refused_, strangers_};
}

Response Files::answer(const Request& request) {
    const auto snapshot = inventory_.now();
    const auto asked = read_path(request.path);
    const auto credential = asked ? snapshot.credential(asked->token) : std::nullopt;
    const auto* device = credential ? snapshot.device(credential->mac) : nullptr;
    if (device == nullptr) {
        stranger(request, snapshot);
        return {};
    }
    return serve(request, *device, *credential, std::string(asked->name));
}

Response Files::serve(const Request& request,
                      const inventory::Device& device,
                      const inventory::Credential& credential,
                      const std::string& name) {
    const auto mac = device.mac;
    if (!device.is_approved()) {
        return refuse(request, mac, fmt::format("the phone is {}", device.state()));
    }
    if (!credential.steady && credential.expires <= clock_.unix_ms()) {
        return refuse(request, mac, "first token expired; unplug the phone and plug it in again");
    }
    if (device.lines.empty()) {
        return refuse(request, mac, "the phone has no extension");
    }
    const auto with = settings();
    if (!with->catalogue) {
        return refuse(request, mac, "no vendor profiles are loaded");
    }
    const auto phone =
        recognise(*with->catalogue, device, request.user_agent, request.peer.address);
    if (!phone) {
        return refuse(request, mac, phone.error().what);
    }
    const auto step = step_of(phone->vendor, mac, phone->model, name);
    if (!step) {
        return refuse(request, mac, step.error().what);
    }
    asked(request, *phone);
    if ((*step)->template_name.empty()) {
        ++missing_;
        if (request.method == "GET") {
            inventory_.note(mac, Step::file_missing, request.peer.address.str(),
                            fmt::format("{}: {}", shown(name), (*step)->reason));
        }
        return {};
    }
    auto file = facts(*with, *phone, request.local.address, true).and_then([&](const auto& facts) {
        return with->catalogue->render(phone->vendor, **step, facts);
    });
    if (!file) {
        if (may_complain()) {
            base::log::error("serve", "{} cannot be made for {}: {}", shown(name), mac.str(),
                             file.error().what);
        }
        return refuse(request, mac,
                      fmt::format("{} cannot be made: {}", shown(name), file.error().what));
    }
    if (request.method == "GET") { // HEAD never consumes anything
        served(request, device, credential.steady, name);
    }
    const auto modified =
        modified_.since(mac, (*step)->pattern, *file, clock_.unix_ms() / milliseconds_in_a_second);
    return {200, (*step)->content_type, std::make_shared<const std::string>(std::move(*file)),
            modified};
}

bool Files::may_complain() {
    const std::lock_guard hold(complaining_);
    return complaints_.take(clock_.now());
}

/// In the answer always the same 404; the reason is for the admin.
Response Files::refuse(const Request& request, base::Mac mac, std::string_view why) {
    ++refused_;
    inventory_.note(mac, Step::file_refused, request.peer.address.str(), why);
    return {};
}

void Files::stranger(const Request& request, const inventory::Snapshot& snapshot) {
    ++strangers_;
    const auto mac =
        mac_in(std::string_view(request.path).substr(request.path.find_last_of('/') + 1));
    if (!mac) {
        return;
    }
    if (snapshot.device(*mac) == nullptr) {
        inventory::Sighting seen;
        seen.address = request.peer.address;
        seen.user_agent = request.user_agent;
        inventory_.saw(*mac, seen);
    }
    // One and the same text, so that a stranger cannot push older events out of the timeline.
    inventory_.note(*mac, Step::file_refused, request.peer.address.str(),
                    "no valid token: wrong, spent, expired or none");
}

void Files::asked(const Request& request, const Phone& phone) {
    if (request.method != "GET") {
        return;
    }
    inventory::Sighting seen;
    seen.address = request.peer.address;
    if (phone.from_request) {
        seen.model = phone.model;
        seen.version = phone.firmware;
    }
    if (phone.device.seen.user_agent.empty()) {
        seen.user_agent = request.user_agent;
    }
    inventory_.saw(phone.device.mac, seen);
    const auto stage = phone.device.seen.stage;
    if (stage == Stage::heard || stage == Stage::offered) {
        inventory_.reached(phone.device.mac, Stage::fetching);
    }
}

void Files::served(const Request& request,
                   const inventory::Device& device,
                   bool steady,
                   const std::string& name) {
    ++served_;
    const auto mac = device.mac;
    const auto address = request.peer.address.str();
    const bool is_new =
        device.seen.stage != Stage::configured && device.seen.stage != Stage::registered;
    if (is_new) {
        inventory_.reached(mac, Stage::configured);
    }
    if (!steady) {
        inventory_.note(mac, Step::file_served, address,
                        fmt::format("{} by first token", shown(name)));
        const std::lock_guard hold(ended_->lock);
        ended_->macs.erase(mac); // it has a first token again, to be ended in its turn
        return;
    }
    inventory_.note(mac, Step::configured, address, "asked with its steady URL");
    if (!request.whole) {
        return; // ranges and what may become a 304 never consume anything
    }
    {
        const std::lock_guard hold(ended_->lock);
        if (!ended_->macs.insert(mac).second && !is_new) {
            return;
        }
    }
    defer_([&inventory = inventory_, ended = ended_, mac, generation = device.generation] {
        const auto done = inventory.steady_used(mac, generation);
        if (!done) {
            base::log::error("serve",
                             "the first tokens of {} could not be ended and stay valid until they "
                             "expire: {}",
                             mac.str(), done.error().what);
            const std::lock_guard hold(ended->lock);
            ended->macs.erase(mac); // the next request tries again
        }
    });
}

base::Result<Files::Phone> Files::recognise(const profile::Catalogue& catalogue,
                                            const inventory::Device& device,
                                            const std::string& user_agent,
                                            base::Ipv4 address) {
    // Only a User-Agent that is a phone's says something about the phone: an admin's curl does not.
    const auto is_phone = [&](const std::string& text) {
        return !text.empty() && catalogue.recognise({base::Mac(), {}, text}) != nullptr;
    };
    const auto& seen = device.seen;
    const auto now = profile::read_user_agent(user_agent);
    if (now.mac && *now.mac != device.mac) {
        return fail(Errc::not_ours, "the User-Agent names another phone ({})", now.mac->str());
    }
    const bool from_request = is_phone(user_agent);
    const auto* vendor =
        catalogue.recognise({device.mac, seen.vendor, from_request ? user_agent : seen.user_agent});
    if (vendor == nullptr) {
        return fail(Errc::not_found,
                    "no vendor profile matches this phone (vendor '{}', User-Agent '{}')",
                    base::printable(seen.vendor, 40),
                    base::printable(user_agent.empty() ? seen.user_agent : user_agent, 80));
    }
    const auto before = is_phone(seen.user_agent) ? profile::read_user_agent(seen.user_agent)
                                                  : profile::UserAgent{};
    const auto first_of = [](std::initializer_list<std::string_view> texts) {
        const auto* const found = std::find_if(texts.begin(), texts.end(),
                                               [](std::string_view text) { return !text.empty(); });
        return std::string(found == texts.end() ? std::string_view{} : *found);
    };
    return Phone{device,
                 *vendor,
                 first_of({from_request ? now.model : "", seen.model, before.model}),
                 first_of({from_request ? now.version : "", seen.version, before.version}),
                 address,
                 from_request};
}

base::Result<profile::Facts>
Files::facts(const FileSettings& with, const Phone& phone, base::Ipv4 host, bool reveal) const {
    const auto& device = phone.device;
    profile::Facts facts;
    facts.mac = device.mac;
    facts.model = phone.model;
    facts.firmware = phone.firmware;
    facts.host = host;
    facts.provisioning_url =
        profile::folder_url(phone.vendor, host, with.http_port,
                            reveal ? inventory_.steady_token(device) : std::string(hidden));
    for (const auto& number : device.lines) {
        auto account = accounts_(number);
        if (!account) {
            return fail(account.error().code, "line {} is extension {}: {}",
                        facts.accounts.size() + 1, number, account.error().what);
        }
        if (!reveal) {
            account->password = base::Secret(hidden);
        }
        facts.accounts.push_back(std::move(*account));
    }
    facts.site = profile::site_for(with.rules, phone.vendor.name, phone.model, phone.address);
    if (!reveal && facts.site.offer_url) {
        facts.site.offer_url = base::Secret(hidden);
    }
    return facts;
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
    const auto step = step_of(phone->vendor, mac, phone->model, name);
    if (!step) {
        return fail(step.error().code, "{}; {} asks for {}", step.error().what, mac.str(),
                    fmt::join(phone->vendor.names_for(mac, phone->model), ", "));
    }
    if ((*step)->template_name.empty()) {
        return fail(Errc::refused, "{} is answered with 404 on purpose: {}", name, (*step)->reason);
    }
    const auto made = facts(*with, *phone, host, reveal);
    if (!made) {
        return fail(made.error().code, "{}: {}", mac.str(), made.error().what);
    }
    return with->catalogue->render(phone->vendor, **step, *made);
}

} // namespace serve
