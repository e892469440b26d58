// SPDX-License-Identifier: MIT
// Settings that somebody changed at the phone, and what the site insists on.
#include "office.hpp"

#include "provisioning/wpi/difference.hpp"
#include "provisioning/wpi/release.hpp"

namespace {

using namespace wpi_test; // NOLINT(google-build-using-namespace): the fixture's words
using testing::Contains;
using testing::ElementsAre;
using testing::Pair;

class WpiLocalChanges : public Office {
  protected:
    Reply change(Phone& it, const std::string& items) {
        return it.call("local-changes", item("configuration-changed-flag", "true") +
                                            item("configuration-attached-flag", "true") + items);
    }
};

TEST_F(WpiLocalChanges, AreShownAndLeftUntilTheSiteWantsAnotherValue) {
    configure();
    auto it = phone();
    EXPECT_TRUE(change(it, item("key-label-unicode", "Mine", "1")).is_clean_up());
    EXPECT_EQ(reported("key-label-unicode", 1), "Mine");
    EXPECT_FALSE(service->wants_contact(phone_mac));
    auto again = phone();
    again.start_up(true);
    EXPECT_THAT(again
                    .reply("ReadAllItems", item("e164", "4210") +
                                               item("key-label-unicode", "Mine", "1") +
                                               item("reg-addr", "10.20.30.9"))
                    .items,
                ElementsAre(Pair("dcmp-url", testing::_)));
    again.reply("WriteItems");
    wanted[8].value = "Reception";
    EXPECT_TRUE(service->wants_contact(phone_mac));
    auto third = phone();
    EXPECT_THAT(third.call("solicited").items,
                ElementsAre(Pair("key-label-unicode 1", "Reception")));
}

/// It need not have kept that (wiki on polling).
TEST_F(WpiLocalChanges, APhoneWhoseStartUpBrokeOffWasNotToldWhereToPollUntilItsNextStart) {
    configure();
    auto it = phone();
    EXPECT_THAT(it.start_up(false).items, ElementsAre(Pair("dcmp-url", testing::_)));
    EXPECT_TRUE(service->wants_contact(phone_mac));
    auto again = phone();
    EXPECT_THAT(again.call("solicited").items, ElementsAre(Pair("dcmp-url", testing::_)));
    EXPECT_TRUE(again.reply("WriteItems").is_clean_up());
    EXPECT_FALSE(service->wants_contact(phone_mac));
}

TEST_F(WpiLocalChanges, OfWhereItRegistersAreTakenBackThreeTimesInAnHour) {
    configure();
    for (int round = 0; round < 3; ++round) {
        auto it = phone();
        EXPECT_THAT(change(it, item("reg-addr", "6.6.6.6")).items,
                    ElementsAre(Pair("reg-addr", "10.20.30.9")))
            << round;
        EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    }
    auto it = phone();
    EXPECT_TRUE(change(it, item("reg-addr", "6.6.6.6")).is_clean_up()) << "no ping-pong";
    EXPECT_FALSE(service->wants_contact(phone_mac));
    clock.advance(std::chrono::minutes(61));
    EXPECT_TRUE(service->wants_contact(phone_mac));
}

/// As `job write` says when it is ordered.
TEST_F(WpiLocalChanges, ByAJobAreTakenBackInTheSameCall) {
    configure();
    const auto id =
        add_job(inventory::JobKind::write, {{inventory::ItemKey{"key-label-unicode", 1}, "Mine"}});
    auto it = phone();
    EXPECT_THAT(it.call("solicited").items, ElementsAre(Pair("key-label-unicode 1", "Mine")));
    EXPECT_THAT(it.reply("WriteItems").items,
                ElementsAre(Pair("key-label-unicode 1", "Front desk")));
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_EQ(job(id).state, inventory::JobState::done);
    EXPECT_FALSE(service->wants_contact(phone_mac));
}

TEST_F(WpiLocalChanges, ByAJobBehindAChangeOfTheSiteAreTakenBackWithTheNextCall) {
    configure();
    wanted[8].value = "Reception";
    add_job(inventory::JobKind::write, {{inventory::ItemKey{"key-label-unicode", 1}, "Mine"}});
    auto it = phone();
    EXPECT_THAT(it.call("solicited").items, ElementsAre(Pair("key-label-unicode 1", "Reception")));
    EXPECT_THAT(it.reply("WriteItems").items, ElementsAre(Pair("key-label-unicode 1", "Mine")));
    ends.clear();
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up()) << "each item goes out once";
    EXPECT_THAT(ends, ElementsAre(wpi::Ending::open));
    EXPECT_TRUE(service->wants_contact(phone_mac));
    auto next = phone();
    EXPECT_THAT(next.call("solicited").items,
                ElementsAre(Pair("key-label-unicode 1", "Reception")));
    EXPECT_TRUE(next.reply("WriteItems").is_clean_up());
    EXPECT_THAT(ends, ElementsAre(wpi::Ending::open, wpi::Ending::all_done));
}

TEST_F(WpiLocalChanges, OfAPasswordAreTakenBack) {
    wanted.push_back({"admin-pwd", std::nullopt, "the-site's-own"});
    configure();
    auto it = phone();
    EXPECT_THAT(change(it, item("admin-pwd", "", "")).items,
                ElementsAre(Pair("admin-pwd", testing::_)));
}

TEST_F(WpiLocalChanges, AreTakenBackThreeTimesWhereTheSiteSaysRevert) {
    with.policy.local_changes = wpi::LocalChanges::revert;
    settings();
    configure();
    for (int round = 0; round < 4; ++round) {
        auto it = phone();
        const auto reply = change(it, item("key-label-unicode", "Mine", "1"));
        EXPECT_EQ(reply.action, round < 3 ? "WriteItems" : "CleanUp") << round;
        if (round < 3) {
            EXPECT_THAT(reply.items, ElementsAre(Pair("key-label-unicode 1", "Front desk")));
            it.reply("WriteItems");
        }
    }
}

TEST_F(WpiLocalChanges, ModulesThatWereAttachedAreShown) {
    configure();
    auto it = phone();
    EXPECT_TRUE(it.call("inventory-changes", item("key-modules", "1")).is_clean_up());
    EXPECT_EQ(reported("key-modules"), "1");
}

TEST_F(WpiLocalChanges, AnyCallRunsWaitingJobs) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    auto it = phone();
    EXPECT_THAT(change(it, item("display-id", "Me")).items,
                ElementsAre(Pair("ringer-melody", "3")));
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_EQ(job(id).state, JobState::done);
}

TEST_F(WpiLocalChanges, AJobThatWasCancelledIsNotSent) {
    configure();
    const auto id = add_job(JobKind::write, {{ItemKey{"ringer-melody"}, "3"}});
    ASSERT_TRUE(store->workpoints().cancel(id, "test"));
    EXPECT_TRUE(phone().call("solicited").is_clean_up());
}

TEST(WpiRelease, IsReadAsPhonesWriteIt) {
    using wpi::read_release;
    EXPECT_EQ(read_release("V3 R5.12.0"), (wpi::Release{3, 5}));
    EXPECT_EQ(read_release("V1.10 R2.0.2"), (wpi::Release{1, 2}));
    EXPECT_EQ(read_release("v3r3"), (wpi::Release{3, 3}));
    EXPECT_EQ(read_release("3.5.12.0"), (wpi::Release{3, 5}));
    for (const auto* text : {"", "V", "V3", "3", "R3", "V3 R", "x", "V-3 R1", "99999999999 R1"}) {
        EXPECT_EQ(read_release(text), std::nullopt) << text;
    }
    EXPECT_TRUE(wpi::remembers_to_call("V3 R3.0.0"));
    EXPECT_TRUE(wpi::remembers_to_call("V4 R0.0.0"));
    EXPECT_FALSE(wpi::remembers_to_call("V3 R2.9.0"));
    EXPECT_FALSE(wpi::remembers_to_call(""));
}

TEST(WpiFirmwareVersion, IsTheSameHoweverItIsWritten) {
    using wpi::is_same_firmware;
    using wpi::read_firmware;
    EXPECT_EQ(read_firmware("V3 R5.12.0"), (wpi::Firmware{3, 0, 5, 12, 0}));
    EXPECT_EQ(read_firmware("3.5.12.0"), (wpi::Firmware{3, 0, 5, 12, 0}));
    EXPECT_EQ(read_firmware("V1.10 R2.0.2"), (wpi::Firmware{1, 10, 2, 0, 2}));
    EXPECT_EQ(read_firmware("v3r5.12"), (wpi::Firmware{3, 0, 5, 12, 0}));
    EXPECT_EQ(read_firmware("V3 R5.12.0   SIP   180913"), (wpi::Firmware{3, 0, 5, 12, 0}));
    for (const auto* text : {"", "3", "V3", "V3 R", "3.", "3.5.12.0.1", "3.5.x", "V3.x R1", "R5"}) {
        EXPECT_EQ(read_firmware(text), std::nullopt) << text;
    }
    EXPECT_EQ(str(*read_firmware("V3 R5.12")), "3.5.12.0");
    EXPECT_EQ(str(*read_firmware("V1.10 R2.0.2")), "V1.10 R2.0.2");
    EXPECT_TRUE(is_same_firmware("V3 R5.21.0", "3.5.21.0"));
    EXPECT_FALSE(is_same_firmware("V3 R5.21.0", "3.5.12.0"));
    EXPECT_FALSE(is_same_firmware("", "3.5.12.0"));
    EXPECT_TRUE(is_same_firmware("unknown", " Unknown"));
}

TEST(WpiSameValue, IsLenientWithWordsAndPorts) {
    EXPECT_TRUE(wpi::is_same_value("dhcp", "true", "TRUE"));
    EXPECT_FALSE(wpi::is_same_value("dhcp", "true", "false"));
    EXPECT_TRUE(wpi::is_same_value("reg-port", "5060", "05060"));
    EXPECT_FALSE(wpi::is_same_value("e164", "0421", "421")) << "two extensions";
    EXPECT_TRUE(wpi::is_same_value("e164", " 421", "421\t"));
    EXPECT_FALSE(wpi::is_same_value("display-id", "Anna", "ANNA"));
}

} // namespace
