// SPDX-License-Identifier: MIT
// Completion: commands first, then what their places stand for, from memory only but for the names
// of files that phones may fetch.
#include "provisioning/admin/complete.hpp"

#include "provisioning/admin/command.hpp"
#include "provisioning/admin/dhcp_config.hpp"
#include "provisioning/admin/jobs.hpp"
#include "provisioning/base/text.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

namespace admin {
namespace {

class Offers {
  public:
    explicit Offers(std::string_view typed) : typed_(typed) {}

    void add(std::string_view word) {
        if (word.starts_with(typed_)) {
            words_.emplace_back(word);
        }
    }

    std::vector<std::string> take() {
        std::sort(words_.begin(), words_.end());
        words_.erase(std::unique(words_.begin(), words_.end()), words_.end());
        return std::move(words_);
    }

  private:
    std::string_view typed_;
    std::vector<std::string> words_;
};

void offer_names(std::span<const std::string> words, Offers& offers) {
    for (const Command& command : commands()) {
        if (words.size() == 1) {
            offers.add(command.word);
        } else if (words.size() == 2 && command.word == words[0] && !command.second.empty()) {
            offers.add(command.second);
        }
    }
}

/// The last of EXT,EXT: what is behind the last comma goes on.
void offer_numbers(const Reach& reach, std::string_view typed, Offers& offers) {
    const auto comma = typed.rfind(',');
    const std::string_view before =
        comma == std::string_view::npos ? std::string_view() : typed.substr(0, comma + 1);
    const auto chosen = base::split(before, ',');
    const auto offer = [&](const std::string& number) {
        if (std::find(chosen.begin(), chosen.end(), number) == chosen.end()) {
            offers.add(std::string(before) + number);
        }
    };
    if (comma == std::string_view::npos && reach.pools) {
        for (const auto& pool : reach.pools()) {
            offers.add("@" + pool.name);
        }
    }
    const auto snapshot = reach.inventory.now();
    for (const inventory::Extension* extension : snapshot.extensions()) {
        offer(extension->number);
    }
    reach.directory.list_host(
        [&](const std::string& number, const std::string& /*name*/) { offer(number); });
}

void offer_files(const Reach& reach, const std::string& typed_mac, Offers& offers) {
    const auto mac = base::Mac::parse(typed_mac);
    if (!mac) {
        return;
    }
    const inventory::Snapshot now = reach.inventory.now();
    const inventory::Device* device = now.device(*mac);
    const auto catalogue = reach.catalogue();
    if (const auto* vendor = vendor_of(catalogue.get(), *mac, device); vendor != nullptr) {
        for (const std::string& name :
             vendor->names_for(*mac, device != nullptr ? device->seen.model : "")) {
            offers.add(name);
        }
    }
}

/// The last of ITEM,ITEM, or ITEM= of one that can be written.
void offer_items(const Reach& reach,
                 std::span<const std::string> places,
                 bool to_write,
                 Offers& offers) {
    const std::string_view typed = places.back();
    const auto comma = to_write ? std::string_view::npos : typed.rfind(',');
    const std::string before(comma == std::string_view::npos ? std::string_view()
                                                             : typed.substr(0, comma + 1));
    const std::string_view after = to_write ? "=" : "";
    const auto may = [&](std::string_view name) {
        const auto* row = wpi::item_row(name);
        return !wpi::is_secret(name) &&
               (row == nullptr || !(to_write && (row->read_only || row->in_actions)));
    };
    for (const auto& row : wpi::item_rows()) {
        if (may(row.name)) {
            offers.add(fmt::format("{}{}{}", before, row.name, row.indexed ? "." : after));
        }
    }
    const auto mac = base::Mac::parse(places.front());
    const auto phone = mac ? reach.inventory.workpoints().find(*mac) : nullptr;
    if (phone == nullptr) {
        return;
    }
    for (const auto& [key, value] : phone->reported) {
        if (may(key.name)) {
            offers.add(before + word_of(key) + std::string(after));
        }
    }
}

void offer_phone_files(const Reach& reach, Offers& offers) {
    const auto with = reach.workpoints ? reach.workpoints() : std::nullopt;
    if (!with || with->file_folder.empty()) {
        return;
    }
    std::error_code error;
    const std::filesystem::directory_iterator end;
    for (std::filesystem::directory_iterator file(with->file_folder, error); !error && file != end;
         file.increment(error)) {
        if (file->is_regular_file(error)) {
            offers.add(file->path().filename().string());
        }
    }
}

void offer_place(const Reach& reach,
                 Place place,
                 std::span<const std::string> places,
                 Offers& offers) {
    const std::string& typed = places.back();
    switch (place) {
    case Place::mac: {
        const auto snapshot = reach.inventory.now();
        for (const inventory::Device* device : snapshot.devices()) {
            offers.add(device->mac.str());
        }
        break;
    }
    case Place::number:
    case Place::numbers:
        offer_numbers(reach, typed, offers);
        break;
    case Place::state:
        for (const std::string_view state : device_states()) {
            offers.add(state);
        }
        break;
    case Place::chain_file:
        offer_files(reach, places.front(), offers);
        break;
    case Place::command:
        offer_names(places, offers);
        break;
    case Place::dhcp_server:
        for (const DhcpServer& server : dhcp_servers()) {
            offers.add(server.word);
        }
        break;
    case Place::lease_action:
        for (const std::string_view action : {"add", "old", "del"}) {
            offers.add(action);
        }
        break;
    case Place::item:
    case Place::item_value:
        offer_items(reach, places, place == Place::item_value, offers);
        break;
    case Place::phone_file:
        offer_phone_files(reach, offers);
        break;
    case Place::file_type:
        for (const std::string_view type : job_file_types()) {
            offers.add(type);
        }
        break;
    case Place::job:
        for (const auto& job : reach.inventory.workpoints().jobs()) {
            if (!inventory::has_ended(job.state)) {
                offers.add(std::to_string(job.id));
            }
        }
        break;
    case Place::file:
    case Place::word:
    case Place::none:
        break;
    }
}

} // namespace

std::vector<std::string> complete(const Reach& reach, std::vector<std::string> words) {
    if (words.size() > 1 && words.front() == "pnp") {
        words.erase(words.begin());
    }
    if (words.empty()) {
        words.emplace_back();
    }
    const std::string typed = words.back();
    Offers offers(typed);
    const auto found = find_command(std::span(words).first(words.size() - 1));
    if (!found) {
        offer_names(words, offers);
        return offers.take();
    }
    offer_names(words, offers); // `enrol start` beside `enrol MAC`
    const Command& command = *found->command;
    if (typed.starts_with("-")) {
        for (const Option& option : command.options) {
            offers.add(option.name);
        }
        offers.add("--json");
        return offers.take();
    }
    std::vector<std::string> places;
    for (std::size_t i = found->words; i < words.size(); ++i) {
        const auto option = std::find_if(command.options.begin(), command.options.end(),
                                         [&](const Option& o) { return o.name == words[i]; });
        if (option != command.options.end() && !option->value.empty()) {
            ++i; // its value is no place
        } else if (!words[i].starts_with("--")) {
            places.push_back(words[i]);
        }
    }
    const auto at =
        command.repeats ? std::min(places.size(), command.most_places()) : places.size();
    if (at > 0 && at <= command.places.size() && places.back() == typed) {
        offer_place(reach, command.places[at - 1], places, offers);
    }
    return offers.take();
}

} // namespace admin
