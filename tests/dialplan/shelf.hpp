// SPDX-License-Identifier: MIT
// A real inventory in a folder of its own, gone when the test is.
#pragma once

#include "provisioning/inventory/inventory.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

class Shelf {
  public:
    Shelf() {
        std::string pattern = (std::filesystem::temp_directory_path() / "pnp-XXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        auto opened = inventory::Inventory::open((folder_ / "pnp.sqlite3").string(), {}, clock);
        if (opened) {
            inventory_ = std::move(*opened);
        } else {
            ADD_FAILURE() << opened.error().what;
        }
    }

    Shelf(const Shelf&) = delete;
    Shelf& operator=(const Shelf&) = delete;

    ~Shelf() {
        inventory_.reset();
        std::filesystem::remove_all(folder_);
    }

    inventory::Inventory& operator*() { return *inventory_; }

    inventory::Inventory* operator->() { return inventory_.get(); }

    const std::filesystem::path& folder() const { return folder_; }

    void has_extension(const std::string& number, const std::string& name = {}) {
        apply({inventory::AddExtension{{number, name, base::Secret("hunter2-" + number)}}});
    }

    void apply(const std::vector<inventory::Change>& changes) {
        const auto done = inventory_->apply(changes, "test");
        EXPECT_TRUE(done) << (done ? "" : done.error().what);
    }

    base::FakeClock clock;

  private:
    std::filesystem::path folder_;
    std::unique_ptr<inventory::Inventory> inventory_;
};

inline base::Mac mac_of(std::string_view text) {
    return base::Mac::parse(text).value_or(base::Mac());
}
