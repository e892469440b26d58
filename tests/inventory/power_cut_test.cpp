// SPDX-License-Identifier: MIT
// The power fails at any moment: what was answered was synced, and nothing half written is read.
#include "tests/inventory/life.hpp"
#include "tests/inventory/power.hpp"

namespace inventory {
namespace {

class PowerCut : public InventoryTest {
  protected:
    /// What a restart finds after a power cut now; `last` may be under way.
    void expect_after_cut(FailingDisk& disk,
                          std::mt19937& random,
                          const Life& told,
                          const std::optional<Order>& last) {
        const auto folder = folder_ + "/after";
        std::filesystem::remove_all(folder);
        std::filesystem::create_directory(folder);
        disk.cut_power(folder, random);
        std::filesystem::copy_file(folder_ + "/pnp.key", folder + "/pnp.key");
        disk.watches = false;
        {
            auto opened = Inventory::open(folder + "/pnp.sqlite3", limits_, clock_);
            ASSERT_TRUE(opened) << opened.error().what;
            auto both = told;
            ASSERT_EQ(differs(**opened, both, last), "");
        }
        disk.watches = true;
    }
};

TEST_F(PowerCut, AfterAnAnswerOrUnderWayLosesNothingThatWasAnswered) {
    FailingDisk disk;
    std::mt19937 random(20260128);
    Life told;
    inventory();
    std::optional<Order> last;
    int cuts = 0;
    disk.before_sync = [&] {
        if (random() % 4 == 0) {
            expect_after_cut(disk, random, told, last);
            ++cuts;
        }
    };
    for (int count = 0; count < 400 && !HasFatalFailure(); ++count) {
        last = random_order(random, clock_.unix_ms());
        const auto answer = carry_out(inventory(), *last);
        EXPECT_EQ(told.apply(*last, answer), answer.ok) << "order " << int{last->kind};
        last.reset();
        expect_after_cut(disk, random, told, last);
        if (count % 100 == 99) {
            reopen(); // the log goes into the database
        }
    }
    EXPECT_GT(cuts, 20);
    disk.before_sync = {};
    inventory_.reset();
}

} // namespace
} // namespace inventory
