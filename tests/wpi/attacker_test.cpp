// SPDX-License-Identifier: MIT
// Who wants a phone's passwords, or wants it not to get what the site wants.
#include "office.hpp"

namespace {

using namespace wpi_test; // NOLINT(google-build-using-namespace): the fixture's words
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

const Ipv4 elsewhere = *Ipv4::parse("198.51.100.7");

class WpiAttacker : public Office {
  protected:
    WpiAttacker() {
        with.gate.allow = {*base::Network::parse("192.0.2.0/24"),
                           *base::Network::parse("198.51.100.0/24")};
        settings();
    }

    /// Of a phone from the factory; the last answer.
    static Reply onboard(Phone& it) {
        it.start_up(true, "");
        return it.reply("ReadAllItems", item("reg-addr"));
    }

    Phone poser(Ipv4 from = elsewhere) { return Phone{*this, phone_mac, from}; }
};

TEST_F(WpiAttacker, FindsNoWindowOpenForAPhoneOfTheLanThatHasItsPasswords) {
    enrol(); // as for every phone that is expected
    auto it = phone();
    EXPECT_THAT(onboard(it).items, Contains(Pair("sip-pwd", sip_password)));
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    auto other = poser();
    EXPECT_EQ(onboard(other).items.count("sip-pwd"), 0U) << "the window gave them once already";
}

TEST_F(WpiAttacker, FindsTheWiderWindowClosedWhenTheAdminNarrowsIt) {
    enrol();
    enrol(base::Network::parse("192.0.2.0/24"));
    EXPECT_EQ(store->now().enrolments().size(), 1U);
    auto early = poser();
    EXPECT_EQ(onboard(early).items.count("sip-pwd"), 0U) << "not from there";
    auto it = behind_nat();
    EXPECT_THAT(onboard(it).items, Contains(Pair("sip-pwd", sip_password)));
    EXPECT_TRUE(it.reply("WriteItems").is_clean_up());
    for (const auto from : {elsewhere, nat_address}) {
        auto late = poser(from);
        EXPECT_EQ(onboard(late).items.count("sip-pwd"), 0U) << "once is once";
    }
}

TEST_F(WpiAttacker, IsSaidToHaveHadThePasswordsWhereHeWasFirst) {
    enrol();
    auto first = poser();
    EXPECT_THAT(onboard(first).items, Contains(Pair("sip-pwd", sip_password)));
    first.reply("WriteItems");
    auto it = behind_nat();
    EXPECT_EQ(onboard(it).items.count("sip-pwd"), 0U);
    EXPECT_THAT(steps(), Contains(testing::AllOf(StartsWith("secret_withheld: "),
                                                 HasSubstr("gave them to another call"))));
}

TEST_F(WpiAttacker, FarAwayDoesNotTakeAChangeFromAPhoneThatTheLanShows) {
    configure();
    wanted[3].value = "10.20.30.10"; // reg-addr
    EXPECT_TRUE(service->wants_contact(phone_mac));
    auto far = poser();
    far.start_up(false);
    far.reply("WriteItems");
    EXPECT_TRUE(service->wants_contact(phone_mac)) << "the phone still has the one before";
    EXPECT_EQ(known()->address, phone_address) << "there it is asked to call";
}

TEST_F(WpiAttacker, FarAwayDoesNotTakeAJobFromAPhoneThatTheLanShows) {
    configure();
    const auto id = add_job(JobKind::write, {{{"ringer-melody"}, "3"}});
    auto far = poser();
    far.call("solicited");
    far.reply("WriteItems");
    EXPECT_EQ(job(id).state, JobState::waiting) << job(id).result;
}

TEST_F(WpiAttacker, FarAwayDoesNotMakeAPhoneOfTheLanRefuseForGood) {
    configure();
    wanted[3].value = "10.20.30.10";
    auto far = poser();
    far.start_up(false);
    far.reply("WriteItems",
              item("reg-addr", "", "", "unknown item") + item("dcmp-url", "", "", "unknown item"));
    auto it = phone();
    EXPECT_THAT(it.start_up(false).items, Contains(Pair("reg-addr", "10.20.30.10")));
}

TEST_F(WpiAttacker, IsNotWhoCallsWhereThePhoneWasMoved) {
    configure();
    auto moved = behind_nat();
    EXPECT_TRUE(moved.start_up(true).is_clean_up());
    EXPECT_THAT(steps(), Contains(testing::AllOf(HasSubstr("shows the phone at 10.20.31.77"),
                                                 HasSubstr("`pnp enrol 001ae8102030 30m`"))));
    enrol();
    EXPECT_EQ(moved.start_up(true).action, "ReadAllItems") << "the admin said so";
    moved.reply("ReadAllItems", all_items());
    EXPECT_TRUE(moved.reply("WriteItems").is_clean_up());
    EXPECT_EQ(moved.start_up(true).action, "ReadAllItems") << "and from now on it is there";
}

TEST_F(WpiAttacker, IsNotWhoCallsWhereThePhoneWasMovedAndTheNetworkKnows) {
    configure();
    neighbours.erase(phone_address);
    auto moved = behind_nat();
    EXPECT_EQ(moved.start_up(true).action, "ReadAllItems");
}

TEST_F(WpiAttacker, GetsNoPasswordOfAnExtensionThatWasChangedMeanwhile) {
    enrol();
    auto it = behind_nat();
    EXPECT_THAT(onboard(it).items, Contains(Pair("sip-pwd", sip_password)));
    wanted[2].value = "of-another-extension";
    wanted.push_back({"line-sip-pwd", 2, "of-a-second-line"});
    const auto next = it.reply("WriteItems");
    EXPECT_THAT(next.text, Not(HasSubstr("of-another-extension")));
    // A further line of the same conversation is the same giving.
    EXPECT_TRUE(store->workpoints().is_window_spent(phone_mac, 1));
}

TEST_F(WpiAttacker, OfTwoWhoAreInTheWindowOneGetsThem) {
    enrol();
    auto it = behind_nat();
    it.start_up(true, "");
    auto second = poser();
    EXPECT_EQ(onboard(second).items.count("sip-pwd"), 0U);
    EXPECT_THAT(it.reply("ReadAllItems", item("reg-addr")).items,
                Contains(Pair("sip-pwd", sip_password)));
}

TEST_F(WpiAttacker, GetsNothingByAConversationThatOurRestartBrokeOff) {
    enrol();
    auto it = behind_nat();
    EXPECT_THAT(onboard(it).items, Contains(Pair("sip-pwd", sip_password)));
    reopen(); // before it answered
    serve();
    auto other = poser(nat_address);
    other.cookie = it.cookie;
    EXPECT_TRUE(other.reply("WriteItems").is_clean_up());
    EXPECT_EQ(onboard(other).items.count("sip-pwd"), 0U);
}

TEST_F(WpiAttacker, GetsNothingOfADeviceThatIsBlockedInMidConversation) {
    auto it = phone();
    it.start_up(true, "");
    apply({inventory::Block{phone_mac}});
    EXPECT_TRUE(it.reply("ReadAllItems", item("reg-addr")).is_clean_up());
    EXPECT_THAT(it.last.text, Not(HasSubstr("pwd")));
}

TEST_F(WpiAttacker, SeesNoneOfAPhonesWordsInTheLog) {
    auto it = phone();
    for (const auto* value : {"ab&hidden;cd", "ab&hidden", "ab<hidden>cd", "ab<hidden",
                              "hidden&#0;", "<![CDATA[hidden", "<!hidden>"}) {
        it.post(envelope(it.nonce(), "start-up", it.basic() + item("user-pwd", value)));
        EXPECT_EQ(it.last.status, 400) << value;
    }
    it.call("start-up", item("user-pwd-unicode", "hidden") + item("User-Pwd", "hidden") +
                            item("admin-pwd", "hidden"));
    it.reply("ReadAllItems", item("user-pwd", "hidden") + item("phone-lock-pin", "hidden"));
    it.call("local-changes", item("configuration-attached-flag", "true") +
                                 item("sip-pwd", "hidden") + item("wlan-psk", "hidden"));
    for (const auto& line : logged) {
        EXPECT_THAT(line, Not(HasSubstr("hidden")));
    }
    EXPECT_THAT(steps(), Not(Contains(HasSubstr("hidden"))));
    for (const auto& [key, value] : known()->reported) {
        EXPECT_THAT(value, Not(HasSubstr("hidden"))) << key.name;
    }
}

} // namespace
