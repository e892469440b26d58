// SPDX-License-Identifier: MIT
// Reads vendors and templates, shipped ones first, and keeps what passed every check.
#include "provisioning/profile/catalogue.hpp"

#include "provisioning/base/log.hpp"
#include "provisioning/base/text.hpp"
#include "provisioning/profile/blame.hpp"
#include "provisioning/profile/check.hpp"
#include "provisioning/profile/folder.hpp"
#include "provisioning/profile/guard.hpp"
#include "provisioning/profile/kx/lint.hpp"
#include "provisioning/profile/model.hpp"
#include "provisioning/profile/prove.hpp"
#include "provisioning/profile/render.hpp"
#include "provisioning/profile/rendered.hpp"
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
    bool is_large = false; ///< the sum of a phone's files is looked at for each phone
};

/// What all files of a phone may have of the limit before each phone's are summed: real values are
/// longer than those of samples, by some KB.
constexpr std::size_t well_below = kx::comfortable_size / 2;

/// What is kept of rendered files: a day of some hundred phones.
constexpr std::size_t most_kept_files = 5000;
constexpr std::size_t most_kept_bytes = std::size_t{16} << 20U;

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

/// The steps that are served, each template once.
std::vector<const ChainStep*> distinct_steps(const Vendor& vendor) {
    std::vector<const ChainStep*> steps;
    std::set<std::string_view> names{""};
    for (const ChainStep& step : vendor.chain) {
        if (names.insert(step.template_name).second) {
            steps.push_back(&step);
        }
    }
    return steps;
}

struct Loaded {
    std::vector<Piece> pieces;
    Template ready;
};

base::Result<Loaded>
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
    return Loaded{std::move(*pieces), std::move(*ready)};
}

/// What only shows when all files of a phone are looked at.
Status prove_phone(Entry& entry, const std::map<std::string, Loaded>& loaded) {
    std::vector<Proof> proofs;
    for (const ChainStep* step : distinct_steps(entry.vendor)) {
        if (step->format == Format::kx) {
            const Loaded& one = loaded.at(step->pattern);
            proofs.push_back({step, &one.pieces, &one.ready});
        }
    }
    if (proofs.empty()) {
        return {};
    }
    const auto size = prove_together(entry.vendor, proofs);
    if (!size) {
        return tl::unexpected(size.error());
    }
    entry.is_large = entry.is_large || *size > well_below;
    return {};
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
        std::map<std::string, Loaded> loaded;
        for (const auto& [step, kind] : files) {
            auto one = load_template(entry.vendor, step, library, *kind);
            if (!one) {
                return tl::unexpected(one.error());
            }
            loaded.emplace(step.pattern, std::move(*one));
        }
        if (auto good = prove_phone(entry, loaded); !good) {
            return good;
        }
        for (auto& [pattern, one] : loaded) {
            entry.templates.emplace(TemplateKey(pattern, spelling), std::move(one.ready));
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
    if (!vendor.time_zones.empty() && !vendor_time_zone(vendor, zone, false)) {
        base::log::info("profile",
                        "{} phones keep the time zone that they have: their table has none for "
                        "this machine's '{}'; a rule may set time_zone",
                        vendor.title, zone);
    }
}

/// The finished file. Nobody sees the text that a KX file or a list of items is made of, so errors
/// of their checkers are told without the place in it: they name the setting.
base::Result<std::string> finished(const ChainStep& step, std::string made) {
    auto file = finish_file(step, std::move(made));
    if (file || (step.format != Format::kx && step.format != Format::items)) {
        return file;
    }
    const std::string& what = file.error().what;
    const auto colon = what.find(": ");
    return fail(file.error().code, "{}",
                colon == std::string::npos ? what : what.substr(colon + 2));
}

bool any_starts(const std::vector<std::string>& prefixes, std::string_view text) {
    return std::any_of(prefixes.begin(), prefixes.end(),
                       [&](const std::string& prefix) { return base::istarts_with(text, prefix); });
}

} // namespace

struct Catalogue::State {
    std::map<std::string, Entry, std::less<>> entries;
    std::string machine_zone; // read once, so that files do not change under a running phone
    Rendered rendered{most_kept_files, most_kept_bytes};

    base::Result<std::string>
    file(const Vendor& vendor, const ChainStep& step, const Facts& facts, bool is_bare) const;
    base::Result<std::string>
    made(const Vendor& vendor, const ChainStep& step, const Facts& facts, bool is_bare) const;
    Status check_sum(const Vendor& vendor, const Facts& facts) const;

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

std::optional<Made>
Catalogue::kept(const Vendor& vendor, const ChainStep& step, const Facts& facts) const {
    return named(vendor.name) == &vendor
               ? state_->rendered.find(state_->rendered.key(vendor.name, step, facts, false))
               : std::nullopt;
}

base::Result<std::vector<wpi::Item>> Catalogue::render_items(const Vendor& vendor,
                                                             const Facts& facts) const {
    const ChainStep* step = vendor.items_step();
    if (step == nullptr) {
        return fail(Errc::not_found, "{} phones have no [step …] with format = items",
                    vendor.title);
    }
    const auto list = render(vendor, *step, facts, false);
    return list ? wpi::parse_item_list(*list)
                : base::Result<std::vector<wpi::Item>>(tl::unexpected(list.error()));
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

base::Result<std::string> Catalogue::State::made(const Vendor& vendor,
                                                 const ChainStep& step,
                                                 const Facts& facts,
                                                 bool is_bare) const {
    const auto entry = entries.find(vendor.name);
    if (entry == entries.end()) {
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
    const auto model = is_bare ? bare_model_of(vendor, facts, machine_zone)
                               : model_of(vendor, facts, machine_zone);
    if (!model) {
        return tl::unexpected(model.error());
    }
    return found->second.render(*model);
}

Status Catalogue::State::check_sum(const Vendor& vendor, const Facts& facts) const {
    std::size_t size = 0;
    std::string sizes;
    for (const ChainStep* step : distinct_steps(vendor)) {
        auto text = made(vendor, *step, facts, false);
        const auto file = text ? finished(*step, std::move(*text)) : std::move(text);
        if (step->format == Format::kx && file) {
            size += file->size();
            sizes += fmt::format("{}{} {}", sizes.empty() ? "" : ", ", step->pattern, file->size());
        }
    }
    return size <= kx::comfortable_size
               ? Status()
               : fail(Errc::refused,
                      "the files of this phone have {} bytes together ({}), and it takes 120 KB "
                      "(guide §5.2.1); send fewer settings",
                      size, sizes);
}

base::Result<std::vector<std::string>> Catalogue::render_chain(const Vendor& vendor,
                                                               const Facts& facts) const {
    std::vector<std::string> files;
    for (const ChainStep* step : distinct_steps(vendor)) {
        auto text = state_->made(vendor, *step, facts, false);
        auto file = text ? finished(*step, std::move(*text)) : std::move(text);
        if (!file) {
            return tl::unexpected(file.error());
        }
        files.push_back(std::move(*file));
    }
    if (auto good = state_->check_sum(vendor, facts); !good) {
        return tl::unexpected(good.error());
    }
    return files;
}

base::Result<std::string> Catalogue::State::file(const Vendor& vendor,
                                                 const ChainStep& step,
                                                 const Facts& facts,
                                                 bool is_bare) const {
    auto text = made(vendor, step, facts, is_bare);
    if (!text) {
        return text;
    }
    auto file = finished(step, std::move(*text));
    auto good = file ? Status() : Status(tl::unexpected(file.error()));
    if (file && !is_bare && entries.find(vendor.name)->second.is_large) {
        good = check_sum(vendor, facts);
    }
    if (!good) {
        const auto tries = [&](const Facts& tried) -> Status {
            auto other = made(vendor, step, tried, is_bare);
            other = other ? finished(step, std::move(*other)) : std::move(other);
            return other ? Status() : Status(tl::unexpected(other.error()));
        };
        const auto reason = file ? std::nullopt : blamed(facts, tries); // a sum is nobody's fault
        return fail(good.error().code, "{} for {} would be a bad file: {}", step.pattern,
                    facts.mac.str(), reason.value_or(good.error().what));
    }
    return file;
}

base::Result<std::string> Catalogue::render(const Vendor& vendor,
                                            const ChainStep& step,
                                            const Facts& facts,
                                            bool is_bare) const {
    // A vendor that somebody else made is not what its name says here.
    if (named(vendor.name) != &vendor) {
        return state_->file(vendor, step, facts, is_bare);
    }
    const auto key = state_->rendered.key(vendor.name, step, facts, is_bare);
    if (auto kept = state_->rendered.find(key)) {
        return std::move(kept->text);
    }
    auto file = state_->file(vendor, step, facts, is_bare);
    if (file) {
        state_->rendered.keep(key, *file);
    }
    return file;
}

} // namespace profile
