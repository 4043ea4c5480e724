// The commands come with the engine.
Console.Error.WriteLine("streamactors: no command is built yet");
return 2;
