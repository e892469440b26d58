// SPDX-License-Identifier: MIT
// Firmware: which phone is told of it, who gets the file, and how far the roll-out is.
#pragma once

#include "provisioning/inventory/inventory.hpp"
#include "provisioning/serve/diary.hpp"
#include "provisioning/serve/file_settings.hpp"
#include "provisioning/serve/http.hpp"
#include "provisioning/serve/recipe.hpp"
#include "provisioning/serve/rollout.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace serve {

/// From any thread; all but forgive() block as long as the disk does.
class Upgrades {
  public:
    Upgrades(inventory::Inventory& inventory, const base::Clock& clock, Diary& diary)
        : inventory_(inventory), diary_(diary), rollout_(clock) {}

    /// Puts into the facts what a phone that asks for its files is told to fetch, if anything:
    /// where a place is free, it takes it.
    void offer(profile::Facts& facts, const Phone& phone, const FileSettings& with);
    /// The same for who only wants to see the file: nothing is taken.
    void show(profile::Facts& facts, const Phone& phone, const FileSettings& with) const;

    /// The file, where `name` is that of the firmware for this phone. It is given whoever's turn it
    /// is: a download that was broken off goes on, also after we were started anew.
    ///
    /// 503 where the phone has most_downloads: one URL must not have the places of all.
    static constexpr std::size_t most_downloads = 2; ///< one may have been cut off unnoticed
    std::optional<Response> answer(const Request& request,
                                   const std::string& name,
                                   const Phone& phone,
                                   const FileSettings& with);

    /// How it stands with one [firmware] section.
    struct Row {
        profile::Firmware firmware;
        std::uint64_t size = 0;                     ///< bytes of the file
        std::string problem;                        ///< why nobody is told of it; empty: nothing
        std::map<Turn, std::vector<base::Mac>> who; ///< in the order of their addresses
    };

    std::vector<Row> list(const FileSettings& with) const;

    /// Whether a phone is where it can be told something.
    using IsThere = std::function<bool(const inventory::Device&)>;

    /// To be called every few seconds: frees places, and says who may be told to look again.
    std::vector<base::Mac> look_after(const FileSettings& with, const IsThere& is_there);

    void forgive(base::Mac mac) {
        rollout_.forgive(mac);
    } ///< an administrator wants it tried again

    /// One of those that look_after() named could not be told.
    void not_called(base::Mac mac) { rollout_.not_called(mac); }

    std::uint64_t downloads() const noexcept { return downloads_; } ///< requests for such files

  private:
    using Visit = std::function<void(const Phone&, const profile::Firmware&, Turn)>;
    void each_phone(const FileSettings& with, const Visit& visit) const;

    inventory::Inventory& inventory_;
    Diary& diary_;
    Rollout rollout_;

    /// Downloads of each phone now; connections may have it for longer than we are there.
    struct Downloads {
        std::mutex lock; ///< of what follows
        std::map<base::Mac, std::size_t> of;
    };

    std::shared_ptr<void> place_for(base::Mac mac); ///< nullptr: it has its share
    const std::shared_ptr<Downloads> open_ = std::make_shared<Downloads>();
    std::atomic<std::uint64_t> downloads_{0};
};

} // namespace serve
