// SPDX-License-Identifier: MIT
// Who gets passwords, and who does not, whatever it says.
#include "office.hpp"

namespace {

using namespace wpi_test; // NOLINT(google-build-using-namespace): the fixture's words
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

class WpiSecrets : public Office {
  protected:
    WpiSecrets() {
        with.gate.allow = {*base::Network::parse("192.0.2.0/24"),
                           *base::Network::parse("198.51.100.0/24")};
        settings();
    }

    /// Of a phone from the factory; the last answer.
    static Reply onboard(Phone& it) {
        it.start_up(true, "");
        return it.reply("ReadAllItems", item("reg-addr"));
    }
};

TEST_F(WpiSecrets, GoToAPhoneThatTheNeighbourTableShows) {
    auto it = phone();
    EXPECT_THAT(onboard(it).items, Contains(Pair("sip-pwd", sip_password)));
    EXPECT_THAT(steps(), Contains(StartsWith("secret_sent: the neighbour table")));
    EXPECT_EQ(service->counters().secrets_sent, 1U);
}

TEST_F(WpiSecrets, NothingGoesToAnotherNeighbourOnTheLan) {
    Phone poser{*this, phone_mac, other_address};
    EXPECT_TRUE(poser.start_up(true, "").is_clean_up());
    EXPECT_THAT(steps(), Contains(StartsWith("neighbour_mismatch: ")));
    with.gate.neighbour_check = base::NeighbourCheck::log;
    settings();
    Phone again{*this, phone_mac, other_address};
    const auto write = onboard(again);
    EXPECT_EQ(write.action, "WriteItems");
    EXPECT_EQ(write.items.count("sip-pwd"), 0U) << "let pass, and no secret all the same";
    enrol();
    Phone third{*this, phone_mac, other_address};
    EXPECT_EQ(onboard(third).items.count("sip-pwd"), 0U)
        << "a window does not stand against the table";
}

TEST_F(WpiSecrets, StayWhereNoTableCanKnowAndNoWindowIsOpen) {
    auto it = behind_nat();
    const auto write = onboard(it);
    EXPECT_EQ(write.action, "WriteItems");
    EXPECT_EQ(write.items.count("sip-pwd"), 0U);
    EXPECT_EQ(write.items.at("reg-addr"), "10.20.30.9") << "the rest is no secret";
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_THAT(steps(), Contains(testing::AllOf(StartsWith("secret_withheld: sip-pwd: "),
                                                 HasSubstr("pnp enrol 001ae8102030 30m"))));
    EXPECT_FALSE(service->wants_contact(phone_mac)) << "it could not be given any more";
    enrol();
    EXPECT_TRUE(service->wants_contact(phone_mac)) << "now it could";
}

TEST_F(WpiSecrets, GoOnceInAWindow) {
    const auto window = enrol();
    auto it = behind_nat();
    EXPECT_THAT(onboard(it).items, Contains(Pair("sip-pwd", sip_password)));
    EXPECT_TRUE(store->workpoints().is_window_spent(phone_mac, window));
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_THAT(steps(), Contains("secret_sent: inside its enrolment window"));

    auto again = behind_nat(); // the same phone, back from the factory
    const auto second = onboard(again);
    EXPECT_EQ(second.items.count("sip-pwd"), 0U);
    EXPECT_TRUE(again.reply("WriteItems").is_clean_up());
    wanted[2].value = "another-password";
    EXPECT_FALSE(service->wants_contact(phone_mac));
    enrol();
    EXPECT_TRUE(it.reply("ReadAllItems").is_clean_up());
    clock.advance(std::chrono::minutes(3));
    EXPECT_TRUE(service->wants_contact(phone_mac)) << "a later change needs a new window";
    auto third = behind_nat();
    const auto reply = onboard(third);
    EXPECT_THAT(reply.items, Contains(Pair("sip-pwd", "another-password")));
}

TEST_F(WpiSecrets, OfAWindowGoToTheNetworkThatItNames) {
    enrol(base::Network::parse("198.51.100.0/24"));
    auto it = behind_nat();
    EXPECT_EQ(onboard(it).items.count("sip-pwd"), 0U);
    Phone there{*this, phone_mac, *Ipv4::parse("198.51.100.7")};
    EXPECT_THAT(onboard(there).items, Contains(Pair("sip-pwd", sip_password)));
}

TEST_F(WpiSecrets, OfAWindowForEverybodyOrAnotherPhoneStay) {
    inventory::Enrolment window;
    window.until = clock.unix_ms() + 60'000;
    apply({inventory::OpenEnrolment{window}});
    window.mac = other_mac;
    apply({inventory::OpenEnrolment{window}});
    auto it = behind_nat();
    EXPECT_EQ(onboard(it).items.count("sip-pwd"), 0U);
}

TEST_F(WpiSecrets, StayWhenTheWindowClosesDuringTheCall) {
    enrol();
    auto it = behind_nat();
    it.start_up(true, "");
    apply({inventory::CloseEnrolments{}});
    EXPECT_EQ(it.reply("ReadAllItems", item("reg-addr")).items.count("sip-pwd"), 0U);
    EXPECT_THAT(steps(), Contains(HasSubstr("closed during the call")));
}

TEST_F(WpiSecrets, APoserBehindTheSameNatGetsNoneBeforeDuringAndAfterTheWindow) {
    auto early = behind_nat(); // before, and it waits for the window
    early.start_up(true, "");
    enrol();
    EXPECT_EQ(early.reply("ReadAllItems", item("reg-addr")).items.count("sip-pwd"), 0U);

    auto it = behind_nat(); // the phone: it called first in the window
    EXPECT_EQ(it.start_up(true, "").action, "ReadAllItems");
    auto poser = behind_nat(); // other port, no cookie
    EXPECT_TRUE(poser.reply("ReadAllItems", item("reg-addr")).is_clean_up() ||
                poser.last.items.count("sip-pwd") == 0);
    poser.cookie = "JSESSIONID=" + std::string(32, 'A'); // other port, other cookie
    EXPECT_TRUE(poser.reply("ReadAllItems", item("reg-addr")).is_clean_up());
    poser.cookie.clear();
    poser.start_up(true, ""); // a conversation of its own
    EXPECT_EQ(poser.reply("ReadAllItems", item("reg-addr")).items.count("sip-pwd"), 0U);
    EXPECT_THAT(steps(), Contains(HasSubstr("another call has the enrolment window")));
    Phone elsewhere{*this, phone_mac, *Ipv4::parse("198.51.100.7")}; // with a stolen cookie
    elsewhere.cookie = it.cookie;
    EXPECT_TRUE(elsewhere.reply("ReadAllItems", item("reg-addr")).is_clean_up());

    EXPECT_THAT(it.reply("ReadAllItems", item("reg-addr")).items,
                Contains(Pair("sip-pwd", sip_password)))
        << "nobody took it from the phone";
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    auto late = behind_nat(); // after
    EXPECT_EQ(onboard(late).items.count("sip-pwd"), 0U);
}

TEST_F(WpiSecrets, AnAnswerThatShowsItsAddressAloneGetsNone) {
    enrol();
    auto it = behind_nat();
    it.start_up(true, "");
    auto poser = behind_nat();
    const auto write = poser.reply("ReadAllItems", item("reg-addr"));
    EXPECT_EQ(write.items.count("sip-pwd"), 0U);
}

TEST_F(WpiSecrets, AreWrittenAgainWhenThePasswordChanges) {
    configure();
    EXPECT_FALSE(service->wants_contact(phone_mac));
    wanted[2].value = "changed-by-the-admin";
    EXPECT_TRUE(service->wants_contact(phone_mac));
    auto it = phone();
    EXPECT_THAT(it.call("solicited").items,
                testing::ElementsAre(Pair("sip-pwd", "changed-by-the-admin")));
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    EXPECT_FALSE(service->wants_contact(phone_mac));
}

TEST_F(WpiSecrets, AreWrittenAgainToAPhoneThatWasReset) {
    configure();
    auto it = phone();
    EXPECT_EQ(it.start_up(false, "").action, "ReadAllItems") << "it has no number any more";
    EXPECT_THAT(it.reply("ReadAllItems", item("reg-addr")).items,
                Contains(Pair("sip-pwd", sip_password)));
}

TEST_F(WpiSecrets, NothingGoesToASourceThatIsNotServed) {
    enrol();
    Phone it{*this, phone_mac, *Ipv4::parse("203.0.113.9")};
    EXPECT_TRUE(it.start_up(true, "").is_clean_up());
    EXPECT_THAT(steps(), Contains(HasSubstr("write allow = 203.0.113.9")));
}

TEST_F(WpiSecrets, ThisMachineItselfProvesNothing) {
    Phone it{*this, phone_mac, our_address};
    EXPECT_EQ(onboard(it).items.count("sip-pwd"), 0U);
}

} // namespace
