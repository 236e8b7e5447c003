from voxport.contract import AdapterContract
from voxport_adapters import speechmatics
from voxport_adapters.speechmatics import agent


class TestSpeechmatics(AdapterContract):
    adapter = speechmatics.adapter
    asking = {
        "audio_event": {"audio_events_config": {}},
        "language_detected": {"model": "melia-1"},
        "speakers_identified": {"speaker_diarization_config": {"get_speakers": True}},
    }


class TestSpeechmaticsAgent(AdapterContract):
    adapter = agent.adapter
    asking = {"speakers_identified": {"speaker_diarization_config": {"get_speakers": True}}}
