// SPDX-License-Identifier: MIT
// A database in a folder of its own, a clock that stands still, and short spellings.
#pragma once

#include "provisioning/base/log.hpp"
#include "provisioning/inventory/inventory.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace inventory {

inline base::Mac mac(std::uint64_t number) {
    return base::Mac::from_number(0x001fc1000000U + number);
}

inline Sighting at(std::uint32_t address, std::string model = "UC862") {
    Sighting sighting;
    sighting.address.value = address;
    sighting.interface = "eth0";
    sighting.vendor = "Htek";
    sighting.model = std::move(model);
    sighting.version = "2.42";
    sighting.user_agent = "Htek UC862";
    return sighting;
}

inline AddExtension extension(const std::string& number) {
    return {{number, "Name of " + number, base::Secret("pw-" + number)}};
}

inline std::string bytes_of(const std::string& path) {
    std::ostringstream bytes;
    bytes << std::ifstream(path, std::ios::binary).rdbuf();
    return bytes.str();
}

class InventoryTest : public testing::Test {
  protected:
    InventoryTest() {
        std::string pattern = testing::TempDir() + "inventory-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        base::log::set_sink([this](base::log::Level, std::string_view, std::string_view text) {
            logged_.emplace_back(text);
        });
    }

    ~InventoryTest() override {
        inventory_.reset();
        base::log::set_sink({});
        std::error_code ignored;
        std::filesystem::permissions(folder_, std::filesystem::perms::owner_all, ignored);
        std::filesystem::remove_all(folder_, ignored);
    }

    InventoryTest(const InventoryTest&) = delete;
    InventoryTest& operator=(const InventoryTest&) = delete;

    std::string path() const { return folder_ + "/pnp.sqlite3"; }

    base::Status open() {
        inventory_.reset();
        auto opened = Inventory::open(path(), limits_, clock_);
        if (!opened) {
            return tl::unexpected(opened.error());
        }
        inventory_ = std::move(*opened);
        return {};
    }

    Inventory& inventory() {
        if (!inventory_) {
            const auto opened = open();
            EXPECT_TRUE(opened) << opened.error().what;
        }
        return *inventory_;
    }

    void apply(const std::vector<Change>& changes) {
        const auto applied = inventory().apply(changes, "uid 0");
        ASSERT_TRUE(applied) << applied.error().what;
    }

    void flush() {
        const auto flushed = inventory().flush();
        ASSERT_TRUE(flushed) << flushed.error().what;
    }

    void flush_and_reopen() {
        flush();
        reopen();
    }

    void reopen() {
        const auto opened = open();
        ASSERT_TRUE(opened) << opened.error().what;
    }

    /// "heard", "file_served x2 a.cfg", …
    std::vector<std::string> story(base::Mac of) {
        std::vector<std::string> words;
        const auto events = inventory().timeline(of);
        EXPECT_TRUE(events);
        for (const auto& event : *events) {
            auto word = std::string(name(event.step));
            if (event.count != 1) {
                word += " x" + std::to_string(event.count);
            }
            words.push_back(event.detail.empty() ? word : word + " " + event.detail);
        }
        return words;
    }

    const Device* device(base::Mac of) {
        kept_ = inventory().now();
        return kept_.device(of);
    }

    std::string folder_;
    Limits limits_;
    base::FakeClock clock_;
    std::unique_ptr<Inventory> inventory_;
    Snapshot kept_;
    std::vector<std::string> logged_;
};

} // namespace inventory
