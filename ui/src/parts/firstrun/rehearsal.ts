/** A script for the rehearsal agent that shows streaming, a question, a permission and a result. */
export const REHEARSAL = `say Good evening. I will look around and then ask you something.
wait 2
ask Which way shall I go? | The quick one | The careful one
run ls
write nightshift-rehearsal.txt It works.
done The rehearsal went well; the file is nightshift-rehearsal.txt.`;
