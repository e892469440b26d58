// SPDX-License-Identifier: MIT
// Reads vendors and templates, shipped ones first, and keeps what passed every check.
#include "provisioning/profile/catalogue.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/check.hpp"
#include "provisioning/profile/folder.hpp"
#include "provisioning/profile/guard.hpp"
#include "provisioning/profile/model.hpp"
#include "provisioning/profile/prove.hpp"
#include "provisioning/profile/render.hpp"
#include "provisioning/profile/time_zone.hpp"
#include "provisioning/profile/vendor_file.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <utility>

namespace profile {
namespace {

using base::Errc;
using base::fail;
using base::Status;

/// Step pattern and spelling.
using TemplateKey = std::pair<std::string, std::string>;

struct Entry {
    Vendor vendor;
    std::map<TemplateKey, Template> templates;
};

/// The templates of one vendor for one key spelling. For a name N and a spelling S it looks for
/// the files N.S of the site, N.S as shipped, N of the site, N as shipped, in this order:
/// a site's plain file does not replace ours for a spelling it was not written for.
class Library {
  public:
    Library(const Folder& folder, std::string vendor, std::string_view spelling)
        : folder_(folder), vendor_(std::move(vendor)), spelling_(spelling) {}

    const Source* find(std::string_view name) {
        const std::string prefix = vendor_ + "/";
        const bool only_shipped = name.substr(0, prefix.size()) == prefix;
        const std::string plain(only_shipped ? name.substr(prefix.size()) : name);
        for (const std::string& file : {plain + "." + spelling_, plain}) {
            if (!only_shipped) {
                if (const auto own = folder_.own.find(file); own != folder_.own.end()) {
                    used.insert(own->second.file);
                    return &own->second;
                }
            }
            if (const auto ours = folder_.shipped.find(file); ours != folder_.shipped.end()) {
                return &ours->second;
            }
        }
        return nullptr;
    }

    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& [name, source] : folder_.own) {
            names.push_back(name);
        }
        for (const auto& [name, source] : folder_.shipped) {
            names.push_back(name);
            names.push_back(vendor_ + "/" + name);
        }
        return names;
    }

    std::set<std::string> used; ///< files of the site that something asked for

  private:
    const Folder& folder_;
    std::string vendor_;
    std::string spelling_;
};

/// A kind of file: what its templates may name.
struct Kind {
    MakeModel make;
    Model example;
};

/// Stand for the pattern of a step, which no file has.
constexpr std::string_view boot_file = "boot_template";
constexpr std::string_view guest_file = "guest_template";

/// A file outside the chain has the form of the one that is served in it.
ChainStep
bare_step(const Vendor& vendor, std::string_view pattern, const std::string& template_name) {
    ChainStep step = *vendor.served_step();
    step.pattern = pattern;
    step.template_name = template_name;
    step.place.clear();
    return step;
}

base::Result<Template>
load_template(const Vendor& vendor, const ChainStep& step, Library& library, const Kind& kind) {
    const Source* start = library.find(step.template_name);
    if (start == nullptr) {
        return fail(Errc::not_found,
                    "{} of {}: there is no file {}.mustache, neither shipped nor in the site's "
                    "folder",
                    step.place.empty() ? step.pattern
                                       : fmt::format("{}: [step {}]", step.place, step.pattern),
                    vendor.name, step.template_name);
    }
    const Partials partials{[&](std::string_view name) { return library.find(name); },
                            library.names()};
    auto pieces = accept(*start, partials, kind.example);
    if (!pieces) {
        return tl::unexpected(pieces.error());
    }
    auto ready = Template::compile(*pieces, step.format);
    if (!ready) {
        return fail(ready.error().code, "{}:1:1: {}", start->file, ready.error().what);
    }
    if (auto good = prove(vendor, step, *pieces, *ready, kind.make); !good) {
        return tl::unexpected(good.error());
    }
    return ready;
}

Status load_templates(Entry& entry, const Folder& folder) {
    const Kind own{model_of, example_model(entry.vendor)};
    const Kind bare{bare_model_of, example_bare_model(entry.vendor)};
    std::vector<std::pair<ChainStep, const Kind*>> files;
    for (const ChainStep& step : entry.vendor.chain) {
        if (!step.template_name.empty()) {
            files.emplace_back(step, &own);
        }
    }
    for (const auto& [pattern, name] : {std::pair(boot_file, entry.vendor.boot_template),
                                        std::pair(guest_file, entry.vendor.guest_template)}) {
        if (!name.empty() && entry.vendor.served_step() != nullptr) {
            files.emplace_back(bare_step(entry.vendor, pattern, name), &bare);
        }
    }
    std::set<std::string> used;
    for (const std::string_view spelling : entry.vendor.all_spellings()) {
        Library library(folder, entry.vendor.name, spelling);
        for (const auto& [step, kind] : files) {
            auto ready = load_template(entry.vendor, step, library, *kind);
            if (!ready) {
                return tl::unexpected(ready.error());
            }
            entry.templates.emplace(TemplateKey(step.pattern, spelling), std::move(*ready));
        }
        used.merge(library.used);
    }
    for (const auto& [name, source] : folder.own) {
        if (used.count(source.file) == 0) {
            base::log::warn("profile",
                            "{} is used by no step of {}; name it as the file that it "
                            "shall replace, or include it",
                            source.file, entry.vendor.name);
        }
    }
    return {};
}

base::Result<Entry> load_vendor(const std::string& name, const Folder& folder) {
    Entry entry;
    entry.vendor.name = name;
    for (const Source& conf : folder.conf) {
        if (auto done = read_vendor(entry.vendor, conf.text, conf.file); !done) {
            return tl::unexpected(done.error());
        }
    }
    if (folder.conf.empty()) {
        return fail(Errc::not_found, "{}: a vendor that is not shipped needs a profile.conf",
                    folder.own.empty() ? name : folder.own.begin()->second.file);
    }
    if (auto good = check_vendor(entry.vendor, folder.conf.back().file); !good) {
        return tl::unexpected(good.error());
    }
    if (auto done = load_templates(entry, folder); !done) {
        return tl::unexpected(done.error());
    }
    return entry;
}

/// A phone that is told no zone shows some other one: an administrator should know why.
void tell_of_zone(const Vendor& vendor, const std::string& zone) {
    if (!vendor.time_zones.empty() && !vendor_time_zone(vendor, zone)) {
        base::log::info("profile",
                        "{} phones keep the time zone that they have: their table has none for "
                        "this machine's '{}'; a rule may set time_zone",
                        vendor.title, zone);
    }
}

bool any_starts(const std::vector<std::string>& prefixes, std::string_view text) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const std::string& prefix) { return base::istarts_with(text, prefix); });
}

} // namespace

struct Catalogue::State {
    std::map<std::string, Entry, std::less<>> entries;
    std::string machine_zone; // read once, so that files do not change under a running phone

    template <class Takes> const Vendor* first(const Takes& takes) const {
        const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
            return takes(entry.second.vendor);
        });
        return found == entries.end() ? nullptr : &found->second.vendor;
    }
};

Catalogue::Catalogue() : state_(std::make_unique<State>()) {}

Catalogue::~Catalogue() = default;

base::Result<std::shared_ptr<const Catalogue>> Catalogue::load(const std::string& site_folder) {
    auto folders = read_folders(site_folder);
    if (!folders) {
        return tl::unexpected(folders.error());
    }
    std::shared_ptr<Catalogue> catalogue(new Catalogue);
    // Nobody sets TZ while modules load.
    catalogue->state_->machine_zone = machine_time_zone(std::getenv("TZ"));
    for (const auto& [name, folder] : *folders) {
        auto entry = load_vendor(name, folder);
        if (!entry) {
            return tl::unexpected(entry.error());
        }
        tell_of_zone(entry->vendor, catalogue->state_->machine_zone);
        catalogue->state_->entries.emplace(name, std::move(*entry));
    }
    return catalogue;
}

const Vendor* Catalogue::recognise(const Signature& phone) const {
    // sip-pnp: several makers' firmware says OEM for the vendor and the model.
    if (!phone.event_vendor.empty() && !base::iequals(phone.event_vendor, "OEM")) {
        const Vendor* found = state_->first([&](const Vendor& vendor) {
            return std::any_of(
                vendor.event_vendors.begin(), vendor.event_vendors.end(),
                [&](const std::string& name) { return base::iequals(name, phone.event_vendor); });
        });
        if (found != nullptr) {
            return found;
        }
    }
    if (const Vendor* found = state_->first([&](const Vendor& vendor) {
            return any_starts(vendor.user_agent_prefixes, phone.user_agent);
        })) {
        return found;
    }
    const std::string mac = phone.mac.str();
    return state_->first([&](const Vendor& vendor) { return any_starts(vendor.ouis, mac); });
}

const Vendor* Catalogue::named(std::string_view vendor) const {
    const auto found = state_->entries.find(base::lower(vendor));
    return found == state_->entries.end() ? nullptr : &found->second.vendor;
}

std::vector<const Vendor*> Catalogue::vendors() const {
    std::vector<const Vendor*> all;
    for (const auto& [name, entry] : state_->entries) {
        all.push_back(&entry.vendor);
    }
    return all;
}

base::Result<std::string>
Catalogue::render(const Vendor& vendor, const ChainStep& step, const Facts& facts) const {
    if (step.template_name.empty()) {
        return fail(Errc::not_found, "{} is not served: {}", step.pattern, step.reason);
    }
    return render(vendor, step, facts, false);
}

base::Result<std::string> Catalogue::render_boot(const Vendor& vendor, const Facts& facts) const {
    if (vendor.boot_template.empty() || vendor.served_step() == nullptr) {
        return fail(Errc::not_found, "{} phones have no boot_template", vendor.title);
    }
    return render(vendor, bare_step(vendor, boot_file, vendor.boot_template), facts, true);
}

base::Result<std::string> Catalogue::render_guest(const Vendor& vendor, const Facts& facts) const {
    if (vendor.guest_template.empty() || vendor.served_step() == nullptr) {
        return fail(Errc::not_found, "{} phones have no guest_template", vendor.title);
    }
    return render(vendor, bare_step(vendor, guest_file, vendor.guest_template), facts, true);
}

base::Result<std::string> Catalogue::render(const Vendor& vendor,
                                            const ChainStep& step,
                                            const Facts& facts,
                                            bool is_bare) const {
    const auto entry = state_->entries.find(vendor.name);
    if (entry == state_->entries.end()) {
        return fail(Errc::not_found, "there is no vendor {}", vendor.name);
    }
    const std::string spelling = facts.site.spelling.empty()
                                     ? std::string(vendor.spelling_of(facts.model))
                                     : facts.site.spelling;
    const auto found = entry->second.templates.find(TemplateKey(step.pattern, spelling));
    if (found == entry->second.templates.end()) {
        return fail(Errc::not_found, "there is no template of {} for the spelling '{}'",
                    step.pattern, base::printable(spelling, 40));
    }
    const auto model = is_bare ? bare_model_of(vendor, facts, state_->machine_zone)
                               : model_of(vendor, facts, state_->machine_zone);
    if (!model) {
        return tl::unexpected(model.error());
    }
    auto made = found->second.render(*model);
    if (!made) {
        return made;
    }
    auto file = finish_file(step, std::move(*made));
    if (!file) {
        return fail(file.error().code, "{} for {} would be a bad file: {}", step.pattern,
                    facts.mac.str(), file.error().what);
    }
    return file;
}

} // namespace profile
